"""The page Set-up: the guide's own examples, with the person's address, key and model in them."""

import re
from html import unescape

import pytest
from django.test import Client

from accounts import keys
from accounts.models import ApiKey, Member, Workspace
from config.guide import rendering, set_up, shelf
from kernel import clock
from tests.accounts.rows import person
from tests.billing import rows
from tests.billing.test_views import Plain, model, read

pytestmark = pytest.mark.django_db


def place() -> Workspace:
    return Workspace.objects.select_related("plan_version").get(pk=rows.workspace())


def client_of(workspace: Workspace, role: str = Member.Role.OWNER) -> Client:
    client = Client()
    client.force_login(person(workspace, role=role))
    return client


def words(text: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", "", text)))


@pytest.mark.parametrize("slug", set_up.CLIENTS)
def test_every_client_has_the_guides_example_filled_in(slug: str) -> None:
    workspace = place()
    model("route/mine")
    key, _ = keys.mint(workspace, name="laptop", allowed_models=["route/mine"])
    answer = client_of(workspace).get(f"/dashboard/set-up?client={slug}")
    page = answer.content.decode()
    assert "tollway.example" not in page
    assert "deepseek-v3.2" not in page
    assert "rk_…" not in page
    assert "http://testserver" in page
    assert "route/mine" in page
    assert f"{key.prefix}…" in page
    document, name = set_up.CLIENTS[slug]
    (entry,) = [entry for entry in shelf.entries() if entry.slug == document]
    (section,) = [each for each in rendering.sections(entry) if each.heading.text == name]
    filled = section.at("http://testserver", model="route/mine", beginning=f"{key.prefix}…")
    assert words(filled) in words(page)


def test_the_sections_of_a_page_are_the_page() -> None:
    (entry,) = [entry for entry in shelf.entries() if entry.slug == "sdks"]
    whole, parts = rendering.page(entry), rendering.sections(entry)
    assert [part.heading for part in parts] == [each for each in whole.headings if each.level == 2]
    for part in parts:
        assert words(part.body) in words(whole.body)


def test_a_chosen_key_brings_its_own_model_and_its_latest_request() -> None:
    workspace = place()
    model("route/a-first")
    model("route/z-only")
    key, _ = keys.mint(workspace, name="narrow", allowed_models=["route/z-only"])
    keys.mint(workspace, name="newer")
    client = client_of(workspace)
    path = f"/dashboard/set-up?key={key.pk}"
    assert "route/z-only" in read(client.get(path))
    assert "Waiting for your first request" in read(client.get(path))
    rows.settle(workspace.pk, api_key_id=key.pk, cost=492_800)
    assert "The latest request of narrow" in read(client.get(path))
    assert "$0.000492800" in read(client.get(path))


def test_without_a_key_it_says_who_makes_one() -> None:
    workspace = place()
    assert "Make one" in read(client_of(workspace).get("/dashboard/set-up"))
    viewer = client_of(workspace, Member.Role.VIEWER).get("/dashboard/set-up")
    assert "Owners, admins and developers make keys" in read(viewer)


def test_ended_and_foreign_keys_are_not_offered() -> None:
    workspace = place()
    ended, _ = keys.mint(workspace, name="ended")
    ApiKey.objects.filter(pk=ended.pk).update(revoked_at=clock.now())
    foreign, _ = keys.mint(place(), name="foreign")
    client = client_of(workspace)
    for key in (ended, foreign):
        assert client.get(f"/dashboard/set-up?key={key.pk}").status_code == 404
    assert client.get("/dashboard/set-up?client=odd").status_code == 404
    assert "ended" not in read(client.get("/dashboard/set-up"))


def test_needs_nothing_that_a_strict_policy_refuses() -> None:
    workspace = place()
    keys.mint(workspace, name="laptop")
    page = Plain()
    page.feed(client_of(workspace).get("/dashboard/set-up").content.decode())
    assert page.refused == []
