"""The parts that the page Keys is made of: forms, what a session remembers, and how a key is told."""

from datetime import UTC, datetime, timedelta
from html import unescape
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.http import HttpRequest, QueryDict
from django.test import Client

from accounts import management_tokens
from accounts.models import ApiKey, ManagementToken, Member, Workspace
from billing import budgets
from billing.budgets import Period
from billing.keyring import changes, forms, once, page, streaming
from billing.keyring.changes import Wish, Wrong
from billing.keyring.token_form import TokenForm
from kernel import clock
from tests.accounts.rows import person
from tests.billing import rows
from tests.billing.keyring.test_views import FORM, ONCE, as_role, minted, place
from tests.billing.test_views import read

pytestmark = pytest.mark.django_db
UTC_ZONE = ZoneInfo("UTC")


def test_what_differs_of_a_wish_must_be_possible() -> None:
    mara, key = person(), minted(place())
    with pytest.raises(Wrong) as past:
        changes.amend(key, Wish("x", expires_at=clock.now() - timedelta(seconds=1)), by=mara)
    with pytest.raises(Wrong) as unknown:
        changes.amend(key, Wish("x", allowed_models=("route/none",)), by=mara)
    assert (past.value.field, unknown.value.field) == ("expires_at", "allowed_models")


def test_an_old_secret_works_for_as_long_as_its_choice_says() -> None:
    assert {words: timedelta(seconds=seconds) for seconds, words in forms.GRACES} == {
        "1 hour": timedelta(hours=1),
        "24 hours": timedelta(hours=24),
        "7 days": timedelta(days=7),
        "not at all: it ends now": timedelta(0),
    }


def test_a_session_remembers_the_last_twenty_that_were_shown() -> None:
    session = SessionStore()

    def asking(one: str) -> HttpRequest:
        request = HttpRequest()
        request.session = session
        request.POST = QueryDict(f"once={one}")
        return request

    made = [str(uuid4()) for _ in range(21)]
    for one in made:
        assert not once.shown_before(asking(one))
        once.remember(asking(one))
    assert [once.shown_before(asking(one)) for one in made] == [False, *[True] * 20]


def test_a_form_that_is_not_from_the_page_makes_nothing() -> None:
    workspace = place()
    assert as_role(workspace).post("/dashboard/keys/new", {**FORM, "once": "x"}).status_code == 404
    assert not ApiKey.objects.filter(workspace=workspace).exists()


def test_only_open_streams_of_the_key_are_counted() -> None:
    workspace, key = rows.workspace(), 10**9
    for stream, of in ((True, key), (True, key), (False, key), (True, key + 1)):
        rows.admit(workspace, api_key_id=of, stream=stream)
    rows.admit(rows.workspace(), api_key_id=key, stream=True)
    assert streaming.open_streams(workspace, key) == 2


def test_a_key_is_told_with_its_models_and_with_when_its_limit_begins_anew() -> None:
    workspace, now = place(), clock.now()
    told = {}
    for name, named in (("all", None), ("one", ["route/one"]), ("two", ["route/one", "route/two"])):
        key = minted(workspace, name, allowed_models=named)
        told[name] = page.row(key, None, zone=UTC_ZONE, now=now).models
    assert told == {"all": "All on plan", "one": "route/one", "two": "2 models"}
    words = []
    for period in (Period.DAY, Period.NONE):
        budgets.put(workspace.pk, key.pk, limit=10**9, period=period, actor="test")
        gauge = page.row(key, budgets.of_key(workspace.pk, key.pk), zone=UTC_ZONE, now=now).gauge
        assert gauge is not None
        words.append(gauge.words)
    tomorrow = datetime.combine(clock.utc_day(now) + timedelta(days=1), datetime.min.time(), UTC)
    assert words == [
        f"$0.00 of $1.00 a day, begins anew {page.moment(tomorrow, UTC_ZONE)}",
        "$0.00 of $1.00",
    ]


def test_a_last_day_is_over_with_its_last_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    midnight = datetime(2026, 11, 22, tzinfo=UTC)
    for now, valid in ((midnight - timedelta(microseconds=1), True), (midnight, False)):
        monkeypatch.setattr(clock, "now", lambda now=now: now)
        given = {"name": "x", "scope": "read", "last_day": "2026-11-21"}
        assert TokenForm(given, zone=UTC_ZONE).is_valid() == valid


def test_tokens_are_few_in_a_minute_and_in_a_workspace_and_the_page_says_so() -> None:
    workspace = place()
    owner = Member.objects.select_related("user").get(user=person(workspace))
    client = Client()
    client.force_login(owner.user)
    tokens = "/dashboard/tokens"
    ManagementToken.objects.bulk_create(
        ManagementToken(
            workspace=workspace, name=f"t{number}", scope="read", digest=bytes([number]) * 32, prefix="rkm_0000",
            last_four="0000", created_by=owner.user,
        )
        for number in range(management_tokens.MOST)
    )  # fmt: skip
    full = client.post(tokens, {"name": "more", "scope": "read", "once": ONCE})
    assert (full.status_code, "has 50 tokens in use. Revoke some first." in full.content.decode()) == (
        400,
        True,
    )
    ManagementToken.objects.filter(workspace=workspace).update(revoked_at=clock.now())
    asked = [
        client.post(tokens, {"name": "more", "scope": "read", "once": str(uuid4())})
        for _ in range(2 * management_tokens.CREATIONS_A_MINUTE)
    ]
    assert asked[-1].status_code == 400
    assert "One person makes at most 5 tokens a minute." in asked[-1].content.decode()


def test_a_new_key_is_ready_and_a_model_that_is_gone_cannot_be_kept_with_another_end() -> None:
    workspace: Workspace = place()
    client = as_role(workspace)
    ready = read(client.post("/dashboard/keys/new", FORM))
    assert "“release-bot” is ready" in ready
    key = minted(workspace, allowed_models=["route/gone"])
    wish = {"name": "x", "models": ["route/gone"], "last_day": "2099-12-31"}
    refused = client.post(f"/dashboard/keys/{key.pk}", wish)
    assert (refused.status_code, "There is no model 'route/gone'." in unescape(refused.content.decode())) == (
        400,
        True,
    )
