"""The list: every request once, newest first, however the pages fall; narrowed by what is asked, and by it alone."""

import random
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import ApiKey
from billing import rollup
from billing.logs import lines, news, reading
from billing.logs.marks import NOWHERE, Mark
from catalog.models import Provider
from tests.billing import rows
from tests.billing.logs.listing import ago, asked, page, refuse, settle, walk
from tests.billing.plans import assert_index_bound
from tests.billing.statements.used import model

pytestmark = pytest.mark.django_db


def test_list_walks_every_request_and_refusal_once_newest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "PAGE", 7)
    workspace, dice = rows.workspace(), random.Random(5)
    made = []
    for number in range(40):
        moment = ago(seconds=3000 - 60 * number)
        if dice.random() < 0.3:
            made.append(refuse(workspace, moment))
        else:
            made.append(settle(workspace, moment))
        if number in (10, 25):
            rollup.close(workspace)
            rollup.post(workspace)
    assert walk(workspace) == made[::-1]


def test_list_keeps_requests_apart_that_ended_at_the_same_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "PAGE", 2)
    workspace, moment = rows.workspace(), ago(minutes=3)
    made = {settle(workspace, moment) for _ in range(5)}
    found = walk(workspace)
    assert (len(found), set(found)) == (5, made)


def test_list_has_refusals_of_one_minute_newest_first() -> None:
    workspace, minute = rows.workspace(), ago(minutes=5).replace(second=0, microsecond=0)
    made = [refuse(workspace, minute + timedelta(seconds=seconds)) for seconds in (5, 20, 40)]
    assert walk(workspace) == made[::-1]


def test_list_tells_a_request_over_all_its_revisions_once() -> None:
    workspace = rows.workspace()
    request = settle(workspace, ago(minutes=3), cost=10, output_tokens=7)
    settle(workspace, ago(minutes=2), request_id=request, rev=1, cost=-4, output_tokens=-2)
    [row] = page(workspace).ended
    assert isinstance(row, reading.Settled)
    assert (row.cost, row.tokens) == (6, 5)


def test_list_is_of_the_time_that_is_asked_for() -> None:
    workspace = rows.workspace()
    for minutes in (50, 5):
        settle(workspace, ago(minutes=minutes))
        refuse(workspace, ago(minutes=minutes))
    old = settle(workspace, ago(hours=3))
    assert len(walk(workspace)) == 4
    assert len(walk(workspace, "range=24h")) == 5
    begins, ends = (f"{moment:%Y-%m-%dT%H:%M}" for moment in (ago(hours=4), ago(hours=2)))
    assert walk(workspace, f"range=span&from={begins}&to={ends}") == [old]
    first = ago(hours=5).replace(second=0, microsecond=0)
    last = first + timedelta(minutes=30)
    settle(workspace, last)
    edge = [settle(workspace, moment) for moment in (last - timedelta(microseconds=1), first)]
    assert walk(workspace, f"range=span&from={first:%Y-%m-%dT%H:%M}&to={last:%Y-%m-%dT%H:%M}") == edge


def narrowing() -> tuple[int, dict[str, UUID], str]:
    """Settle and refuse requests of which each is alone in something; return them by what that is."""
    workspace, one, two = rows.workspace(), model("route/one"), model("route/two")
    key = ApiKey.objects.create(  # not the number that other rows have for theirs, as the first of a database would be
        id=10**9, workspace_id=workspace, name="nightly", digest=b"n", prefix="rk_1", last_four="0001"
    )
    upstream = Provider.objects.create(slug="deepnode", name="Deepnode")
    plain = {"model_id": one, "latency_ms": 100}
    made = {
        "plain": settle(workspace, ago(minutes=20), **plain),
        "model": settle(workspace, ago(minutes=19), **{**plain, "model_id": two}),
        "key": settle(workspace, ago(minutes=18), **plain, api_key_id=key.pk),
        "provider": settle(workspace, ago(minutes=17), **plain, provider_id=upstream.pk),
        "tag": settle(workspace, ago(minutes=16), **plain, tag="x y"),
        "cost": settle(workspace, ago(minutes=15), **plain, cost=20_000_000),
        "slower": settle(workspace, ago(minutes=14), **{**plain, "latency_ms": 5_000}),
        "tokens": settle(workspace, ago(minutes=13), **plain, cached_tokens=900, reasoning_tokens=100),
        "failed": settle(
            workspace, ago(minutes=12), **plain, status="failed", error_code="PROVIDER_ERROR", http_status=502
        ),
        "cut": settle(workspace, ago(minutes=11), **plain, status="client_gone"),
        "refused": refuse(workspace, ago(minutes=10), "CREDITS_HELD", model="route/three"),
    }
    return workspace, made, str(key.pk)


@pytest.mark.parametrize(
    ("address", "only"),
    [
        ("model=route/two", "model"),
        ("key={key}", "key"),
        ("provider=deepnode", "provider"),
        ("tag=x+y", "tag"),
        ("cost=0.02", "cost"),
        ("slower=5000", "slower"),
        ("tokens=1000", "tokens"),
        ("status=failed", "failed"),
        ("status=cut", "cut"),
        ("status=refused", "refused"),
        ("code=PROVIDER_ERROR", "failed"),
        ("code=CREDITS_HELD", "refused"),
        ("q=NIGHT", "key"),
        ("q=route/tw", "model"),
        ("q=three", "refused"),
    ],
)
def test_list_is_narrowed_by_each_condition(address: str, only: str) -> None:
    workspace, made, key = narrowing()
    assert walk(workspace, address.format(key=key)) == [made[only]]


def test_list_takes_several_values_of_a_condition_and_all_conditions_together() -> None:
    workspace, made, key = narrowing()
    assert walk(workspace, "status=failed&status=cut") == [made["cut"], made["failed"]]
    assert walk(workspace, f"status=failed&key={key}") == []
    assert made["refused"] not in walk(workspace, "provider=deepnode")


def test_list_looks_through_a_bounded_number_and_goes_on_from_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LOOKED_THROUGH", 5)
    workspace = rows.workspace()
    sought = settle(workspace, ago(minutes=30), status="failed")
    for minutes in range(29, 10, -1):
        settle(workspace, ago(minutes=minutes))
    first = page(workspace, "status=failed")
    assert (first.ended, first.looked_through) == ((), True)
    assert walk(workspace, "status=failed") == [sought]


def test_list_shows_requests_that_run_on_its_first_page_with_their_hold() -> None:
    workspace = rows.workspace()
    request = rows.admit(workspace, hold=30, stream=True)
    rows.admit(rows.workspace(), hold=40)
    assert [(row.request_id, row.hold) for row in page(workspace).open] == [(request, 30)]
    assert page(workspace, "status=ok").open == page(workspace, "cost=1").open == ()
    assert len(page(workspace, "status=open").open) == 1
    other = rows.admit(workspace, model_id=model("route/two"), hold=50)
    assert [row.request_id for row in page(workspace, "q=route/tw").open] == [other]


def test_list_is_of_one_workspace() -> None:
    mine, rival = rows.workspace(), rows.workspace()
    settle(rival, ago(minutes=3))
    refuse(rival, ago(minutes=2))
    settle(mine, ago(minutes=1))
    mark = page(rival).newest
    assert len(walk(mine)) == 1
    assert len(page(mine, "", mark).ended) <= 1  # another's place in the list opens nothing of theirs


def test_list_shows_no_request_beyond_the_reach_of_the_plan() -> None:
    workspace = rows.workspace()
    settle(workspace, ago(days=3))
    refuse(workspace, ago(days=3))
    assert len(walk(workspace, "range=7d")) == 2
    narrow = asked(workspace, "range=7d", days=2)
    assert lines.listed(narrow, NOWHERE, first=True).ended == ()


def test_list_counts_what_came_since_it_was_shown() -> None:
    workspace = rows.workspace()
    assert news.since(asked(workspace), page(workspace).newest) == 0
    settle(workspace, ago(minutes=3))
    mark = page(workspace).newest
    settle(workspace, ago(minutes=2))
    refuse(workspace, ago(minutes=1))
    settle(workspace, ago(seconds=30), status="failed")
    assert news.since(asked(workspace), mark) == 3
    assert news.since(asked(workspace, "status=failed"), mark) == 1
    assert news.since(asked(workspace), page(workspace).newest) == 0


def test_list_counts_none_as_new_that_was_further_down_or_did_not_fit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lines, "PAGE", 2)
    workspace = rows.workspace()
    refuse(workspace, ago(minutes=9))
    for minutes in (8, 7, 6):
        settle(workspace, ago(minutes=minutes))
    assert news.since(asked(workspace), page(workspace).newest) == 0
    mark = page(workspace, "status=failed").newest
    assert mark.event is not None
    assert news.since(asked(workspace, "status=failed"), mark) == 0


def test_list_reads_by_the_index_of_the_workspace() -> None:
    workspace = rows.workspace()
    settle(workspace, ago(minutes=3))
    with CaptureQueriesContext(connection) as asked_for:
        page(workspace, "status=failed")
    assert len(asked_for) <= 8
    assert_index_bound(asked_for)


@pytest.mark.parametrize("text", ["x", "1.2~3", "1.2.zz~-", "-", f"{'9' * 19}.1.{'0' * 32}~-", "-~-x"])
def test_mark_reads_nothing_but_marks(text: str) -> None:
    with pytest.raises(ValueError, match="no place in the list"):
        Mark.read(text)
