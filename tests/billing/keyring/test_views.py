"""The page Keys: whose keys it shows, what each form does, and that a secret is shown once."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import keys
from accounts.models import ApiKey, Member, TrailRow, Workspace
from billing import budgets
from billing.budgets import Period
from kernel import clock, ids
from tests.accounts.rows import person
from tests.billing import rows
from tests.billing.test_views import Plain, model, read

pytestmark = pytest.mark.django_db

ONCE = "7f1e9a52-9d0c-4b0e-9f6a-3d1f5a1c2b3d"
FORM = {"name": "release-bot", "once": ONCE}


def place(**terms: object) -> Workspace:
    return Workspace.objects.select_related("plan_version__plan").get(pk=rows.workspace(**terms))


def as_role(workspace: Workspace, role: str = Member.Role.OWNER) -> Client:
    client = Client()
    client.force_login(person(workspace, role=role))
    return client


def minted(workspace: Workspace, name: str = "backend-prod", **facts: object) -> ApiKey:
    key, _ = keys.mint(workspace, name=name)
    if facts:
        ApiKey.objects.filter(pk=key.pk).update(**facts)
        key.refresh_from_db()
    return key


def secret_in(answer: Any) -> str:
    found = re.search(r'<code id="secret"[^>]*>(rk_[0-9a-f]{64})</code>', answer.content.decode())
    assert found is not None
    return found[1]


def test_a_new_key_is_shown_once_with_what_it_may_do() -> None:
    workspace = place()
    model("route/one")
    client = as_role(workspace)
    wanted = {**FORM, "limit": "12.5", "period": "week", "default_tag": "ci", "models": ["route/one"]}
    answer = client.post("/dashboard/keys/new", {**wanted, "last_day": "2099-12-31"})
    secret = secret_in(answer)
    assert ids.key_is_shaped(secret)
    assert "no-store" in answer["Cache-Control"]
    key = ApiKey.objects.get(workspace=workspace)
    assert (key.name, key.default_tag, key.allowed_models) == ("release-bot", "ci", ["route/one"])
    assert f"{key.expires_at:%Y-%m-%d %H:%M}" == "2100-01-01 00:00"
    budget = budgets.of_key(workspace.pk, key.pk)
    assert budget is not None
    assert (budget.limit, budget.period) == (12_500_000_000, "week")
    assert secret not in client.get("/dashboard/keys").content.decode()


def test_what_is_done_on_the_page_is_told_to_the_trail_without_a_secret() -> None:
    workspace = place()
    client = as_role(workspace)
    secret = secret_in(client.post("/dashboard/keys/new", FORM))
    key = ApiKey.objects.get(workspace=workspace)
    client.post(f"/dashboard/keys/{key.pk}/revoke")
    told = list(TrailRow.objects.filter(workspace_id=workspace.pk).order_by("no"))
    assert [row.said for row in told] == ["Made the key. Its secret was shown once.", "Revoked the key."]
    assert {row.actor for row in told} == {str(key.created_by)}
    assert {str(row.address) for row in told} == {"127.0.0.1"}
    for hidden in (secret, bytes(key.digest).hex()):
        assert hidden not in str([row.changes for row in told])


def test_loading_the_answer_again_makes_no_second_key_and_shows_no_secret() -> None:
    workspace = place()
    client = as_role(workspace)
    client.post("/dashboard/keys/new", FORM)
    again = client.post("/dashboard/keys/new", FORM, follow=True)
    assert "was shown once and cannot be shown again" in read(again)
    assert "rk_" not in re.sub(r"rk_[0-9a-f]{6}…", "", again.content.decode())
    assert ApiKey.objects.filter(workspace=workspace).count() == 1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "a\x07b"}, "Only characters that can be seen."),
        ({"limit": "-1"}, "Ensure this value is greater than or equal to 0."),
        ({"limit": "0.0000000001"}, "no more than 9 decimal places"),
        ({"last_day": "2020-01-01"}, "This day is over."),
        ({"models": ["route/none"]}, "Select a valid choice."),
        ({"period": "hour", "limit": "1"}, "Select a valid choice."),
    ],
    ids=str,
)
def test_a_wrong_wish_is_refused_beside_its_field(given: dict[str, object], words: str) -> None:
    workspace = place()
    model("route/one")
    answer = as_role(workspace).post("/dashboard/keys/new", {**FORM, **given})
    assert answer.status_code == 400
    assert words in unescape(answer.content.decode())
    assert not ApiKey.objects.filter(workspace=workspace).exists()


def test_a_wish_for_what_is_not_offered_changes_nothing() -> None:
    workspace, other = place(), place()
    client = as_role(workspace)
    client.post("/dashboard/keys/new", {**FORM, "workspace": other.pk, "created_at": "2001-01-01", "id": 5})
    key = ApiKey.objects.get(workspace=workspace)
    assert key.created_at > clock.now() - timedelta(minutes=1)
    assert not ApiKey.objects.filter(workspace=other).exists()


def test_the_list_says_how_each_key_stands() -> None:
    workspace, now = place(), clock.now()
    old = now - timedelta(days=94, hours=1)
    minted(workspace, "fresh")
    minted(workspace, "hackday", created_at=old)
    minted(workspace, "old-staging", revoked_at=now, last_used_at=old, created_at=old)
    minted(workspace, "over", created_at=old, expires_at=now - timedelta(days=1))
    near, full, rotating = (minted(workspace, name) for name in ("near", "full", "rotating"))
    for key, spent in ((near, 92), (full, 100)):
        rows.settle(workspace.pk, api_key_id=key.pk, cost=spent * 10_000_000)
        budgets.put(workspace.pk, key.pk, limit=1_000_000_000, period=Period.MONTH, actor="test")
    keys.rotate(rotating, grace_seconds=3600)
    text = read(as_role(workspace).get("/dashboard/keys"))
    assert "5 active" in text
    for words in ("$0.92 of $1.00 a month", "92 % of limit", "Limit reached", "Rotating until"):
        assert words in text
    assert "hackday has been quiet for 94 days." in text
    assert text.index("fresh") < text.index("old-staging")
    assert f"Revoked {now.day} {now:%b}" in text
    assert "Expired" in text


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("q=BACK", {"backend"}),
        ("tag=night", {"batch"}),
        ("q=night", {"batch"}),
        ("status=ended", {"gone"}),
        ("status=active", {"backend", "batch"}),
        ("q=none", set()),
    ],
)
def test_filters_are_in_the_address(asked: str, found: set[str]) -> None:
    workspace = place()
    minted(workspace, "backend")
    minted(workspace, "batch", default_tag="night")
    minted(workspace, "gone", revoked_at=clock.now())
    page = as_role(workspace).get(f"/dashboard/keys?{asked}").content.decode()
    assert set(re.findall(r'<span class="name">([^<]+)</span>', page)) == found


@pytest.mark.parametrize("asked", ["status=odd", "page=0", "page=x", "page=1111"])
def test_an_address_that_cannot_be_is_no_page(asked: str) -> None:
    assert as_role(place()).get(f"/dashboard/keys?{asked}").status_code == 404


def test_many_keys_come_in_parts_by_a_fixed_number_of_queries() -> None:
    workspace = place()
    client = as_role(workspace)
    minted(workspace)
    client.get("/dashboard/keys")
    with CaptureQueriesContext(connection) as few:
        client.get("/dashboard/keys")
    ApiKey.objects.bulk_create(
        ApiKey(
            workspace=workspace,
            name=f"key {place}",
            digest=bytes([place]) * 32,
            prefix="rk_000000",
            last_four="0000",
        )
        for place in range(60)
    )
    with CaptureQueriesContext(connection) as many:
        first = client.get("/dashboard/keys").content.decode()
    assert len(many) == len(few) <= 12
    assert first.count('class="name"') == 50
    assert client.get("/dashboard/keys?page=2").content.decode().count('class="name"') == 11


def test_edit_changes_the_key_and_its_limit() -> None:
    workspace = place()
    client, key = as_role(workspace), minted(workspace)
    budgets.put(workspace.pk, key.pk, limit=5_000_000_000, period=Period.DAY, actor="test")
    page = client.get(f"/dashboard/keys/{key.pk}").content.decode()
    assert 'value="5.00"' in page
    assert client.post(f"/dashboard/keys/{key.pk}", {"name": "renamed", "limit": ""}).status_code == 302
    key.refresh_from_db()
    assert key.name == "renamed"
    assert budgets.of_key(workspace.pk, key.pk) is None


def test_edit_keeps_the_moment_of_an_end_that_is_not_touched() -> None:
    workspace, ends = place(), clock.now() + timedelta(days=3, hours=5)
    client, key = as_role(workspace), minted(workspace, expires_at=ends)
    day = f"{ends:%Y-%m-%d}"
    assert f'value="{day}"' in client.get(f"/dashboard/keys/{key.pk}").content.decode()
    client.post(f"/dashboard/keys/{key.pk}", {"name": "renamed", "last_day": day})
    key.refresh_from_db()
    assert (key.name, key.expires_at) == ("renamed", ends)


def test_rotate_shows_a_new_secret_once_and_says_until_when_the_old_one_works() -> None:
    workspace = place()
    client, key = as_role(workspace), minted(workspace)
    before = bytes(key.digest)
    path = f"/dashboard/keys/{key.pk}/rotate"
    assert "24 hours" in read(client.get(path))
    answer = client.post(path, {"grace": "3600", "once": ONCE})
    secret_in(answer)
    key.refresh_from_db()
    assert bytes(key.retired_digest or b"") == before
    assert key.retired_until is not None
    assert f"The old secret works until {key.retired_until.day} {key.retired_until:%b %H:%M} UTC" in read(
        answer
    )
    digest = bytes(key.digest)
    client.post(path, {"grace": "3600", "once": ONCE})
    key.refresh_from_db()
    assert bytes(key.digest) == digest
    assert client.post(path, {"grace": "99", "once": ONCE[:-1] + "e"}).status_code == 400


def test_revoke_names_the_streams_that_end_and_then_ends_the_key() -> None:
    workspace = place()
    client, key = as_role(workspace), minted(workspace)
    for _ in range(2):
        rows.admit(workspace.pk, api_key_id=key.pk, stream=True)
    path = f"/dashboard/keys/{key.pk}/revoke"
    assert "2 open streams end, Requests with it" not in read(client.get(path))
    assert "2 open streams end." in read(client.get(path))
    text = read(client.post(path, follow=True))
    assert "backend-prod is revoked. Requests with it are refused within 2 seconds." in text
    key.refresh_from_db()
    assert key.revoked_at is not None
    assert client.get(path).status_code == 404


PATHS = (
    "/dashboard/keys/{}",
    "/dashboard/keys/{}/rotate",
    "/dashboard/keys/{}/revoke",
    "/dashboard/set-up/{}/arrival",
)


@pytest.mark.parametrize("path", PATHS)
def test_another_workspaces_key_is_not_there(path: str) -> None:
    key = minted(place())
    client = as_role(place())
    for number in (key.pk, 2**62, 2**70):
        assert client.get(path.format(number)).status_code == 404
        if "arrival" not in path:
            assert client.post(path.format(number), FORM).status_code == 404
    key.refresh_from_db()
    assert (key.revoked_at, key.retired_until, key.name) == (None, None, "backend-prod")


@pytest.mark.parametrize("role", Member.Role.values)
def test_roles_decide_who_makes_and_sees_keys(role: str) -> None:
    workspace = place()
    others = minted(workspace, "others")
    client = as_role(workspace, role)
    makes, sees_all = role in ("owner", "admin", "developer"), role in ("owner", "admin")
    made = client.post("/dashboard/keys/new", FORM)
    assert made.status_code == (200 if makes else 403)
    assert ("others" in read(client.get("/dashboard/keys"))) is sees_all
    refused = 404 if makes else 403
    assert client.post(f"/dashboard/keys/{others.pk}/revoke").status_code == (302 if sees_all else refused)
    others.refresh_from_db()
    assert (others.revoked_at is not None) is sees_all


def test_a_stranger_is_sent_to_the_door() -> None:
    key = minted(place())
    for path in ("/dashboard/keys", "/dashboard/keys/new", *(path.format(key.pk) for path in PATHS)):
        assert Client().get(path)["Location"].startswith("/accounts/login/")


def test_the_pages_need_nothing_that_a_strict_policy_refuses() -> None:
    workspace = place()
    client, key = as_role(workspace), minted(workspace)
    answers = [client.get(path.format(key.pk)) for path in PATHS[:3]]
    for answer in (*answers, client.get("/dashboard/keys"), client.post("/dashboard/keys/new", FORM)):
        page = Plain()
        page.feed(answer.content.decode())
        assert page.refused == []
