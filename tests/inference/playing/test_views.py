"""The playground's page and its pass: for whom, with which models, and under which tokens."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from accounts import rates, tokens
from accounts.models import Member, Workspace
from billing import uptime
from catalog import at_hand
from inference.playing import views
from tests.accounts.rows import person
from tests.billing import rows
from tests.billing.test_views import Plain, read
from tests.fakes import cast

pytestmark = pytest.mark.django_db

PATH, PASS = "/dashboard/playground", "/dashboard/playground/pass"
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    at_hand.forget()
    uptime.record.forget()
    yield
    at_hand.forget()


def place() -> Workspace:
    return Workspace.objects.select_related("plan_version__plan").get(pk=rows.workspace(tiers=["free"]))


def client_of(workspace: Workspace, role: str = Member.Role.OWNER, **how: Any) -> Client:
    client = Client(**how)
    client.force_login(person(workspace, role=role))
    return client


def offered(page: str, field: str) -> list[str]:
    select = re.search(rf'<select id="{field}".*?</select>', page, re.DOTALL)
    assert select is not None
    return re.findall(r'<option value="([^"]+)"', select[0])


def test_offers_the_chat_models_of_the_plan_that_can_be_called() -> None:
    one, two = sorted(cast.model((NOWHERE, "m")) for _ in range(2))
    others = (
        cast.model((NOWHERE, "m"), tier="max"),
        cast.model((NOWHERE, "m"), capability="embedding"),
        cast.model(),
    )
    page = client_of(place()).get(f"{PATH}?a={two}&b=route/none").content.decode()
    mine = [name for name in offered(page, "a") if name in {one, two, *others}]
    assert mine == [one, two]
    assert re.findall(r'<option value="([^"]+)" selected', page) == [two]


def test_takes_a_prompt_from_the_address_as_text() -> None:
    cast.model((NOWHERE, "m"))
    page = client_of(place()).get(PATH, {"prompt": "</textarea><script>x</script>"}).content.decode()
    assert "<script>x" not in page


def test_a_pass_is_for_the_workspace_of_the_page() -> None:
    workspace = place()
    told = client_of(workspace).post(PASS).json()
    said = tokens.read_access(told["token"])
    assert said is not None
    assert (said.workspace_id, told["seconds"]) == (workspace.pk, tokens.ACCESS_SECONDS)


def test_a_pass_is_posted_for_with_the_sites_own_token_by_members_who_may_spend() -> None:
    workspace = place()
    assert client_of(workspace).get(PASS).status_code == 405
    assert client_of(workspace, enforce_csrf_checks=True).post(PASS).status_code == 403
    assert Client().post(PASS)["Location"].startswith("/accounts/login/")
    viewer = client_of(workspace, Member.Role.VIEWER)
    assert viewer.post(PASS).status_code == 403
    assert "A viewer may not send requests that cost" in read(viewer.get(PATH))


def test_passes_are_few_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_of(place())

    def often(what: str, who: str, *, limit: int) -> None:
        assert (what, limit) == ("pass", views.PASSES_A_MINUTE)
        raise rates.TooOften(7)

    monkeypatch.setattr(rates, "take", often)
    answer = client.post(PASS)
    assert (answer.status_code, answer["Retry-After"]) == (429, "7")


def test_needs_nothing_that_a_strict_policy_refuses_and_says_what_works_without_script() -> None:
    cast.model((NOWHERE, "m"))
    answer = client_of(place()).get(PATH)
    page = Plain()
    page.feed(answer.content.decode())
    assert page.refused == []
    assert "<noscript>" in answer.content.decode()
    assert "curl -N http://testserver/v1/chat/completions" in read(answer)
