"""What several workspaces spent, each over its own cut, and how members of one are put in order and told by status."""

import datetime
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import pytest

from billing import rollup, statements
from billing.statements import several
from billing.statements.cuts import Cut, Step, cut
from billing.statements.spend import _MEASURED
from kernel import clock
from tests.billing import rows
from tests.billing.statements.used import TODAY, YESTERDAY, minute_of

pytestmark = pytest.mark.django_db

DAY = datetime.timedelta(days=1)
UTC = ZoneInfo("UTC")


def made(first: datetime.date = YESTERDAY, *, zone: str = "UTC", by: Step = "day") -> Cut:
    return cut(first, TODAY, zone=ZoneInfo(zone), by=by, now=clock.now())


def test_each_workspace_is_told_in_the_days_of_its_own_cut() -> None:
    here, there, idle = rows.workspace(), rows.workspace(), rows.workspace()
    for workspace in (here, there):
        for minute, cost in ((0, 1), (1439, 10)):
            rows.settle(workspace, cost=cost, minute_no=minute_of(YESTERDAY) + minute)
        rows.settle(workspace, cost=100, minute_no=minute_of(TODAY))
    cuts = {here: made(), there: made(YESTERDAY - DAY, zone="America/New_York"), idle: made(by="all")}
    for _ in range(2):
        assert several.costs(cuts) == {here: [11, 100], there: [1, 110, 0], idle: [0]}
        for workspace in (here, there):
            rollup.close(workspace)
            rollup.post(workspace)


def test_of_nobody_nothing_is_asked_and_no_more_are_than_fit_a_statement() -> None:
    assert several.costs({}) == {}
    assert several.MOST == 200
    whole = dict.fromkeys(range(-several.MOST, 0), made())
    assert several.costs(whole) == {workspace: [0, 0] for workspace in whole}
    with pytest.raises(ValueError, match="at most 200"):
        several.costs(whole | {-201: made()})


def test_hours_are_refused_even_of_one_among_others() -> None:
    with pytest.raises(ValueError, match="hours"):
        several.costs({-1: made(), -2: made(by="hour")})


def ranked(workspace: int, *by: str) -> list[str]:
    found = statements.spend_in(workspace, made(), group="tag", ranked_by=by)
    return [series.name for series in found.series]


def test_members_are_in_the_order_of_what_is_named_then_of_cost_then_of_requests_then_of_their_names() -> (
    None
):
    workspace = rows.workspace()
    for tag, tokens, costs in (
        ("few", 1, (90,)),
        ("cheap", 5, (2,)),
        ("twice", 5, (3, 4)),
        ("once", 10, (7,)),
        ("dear", 10, (8,)),
        ("alike b", 1, (1,)),
        ("alike a", 1, (1,)),
    ):
        for cost in costs:
            rows.settle(workspace, tag=tag, cost=cost, output_tokens=tokens)
    assert ranked(workspace, "output_tokens") == [
        "dear", "twice", "once", "cheap", "few", "alike a", "alike b",
    ]  # fmt: skip
    assert ranked(workspace, "cost")[:2] == ["few", "dear"]
    assert ranked(workspace, "cost", "requests")[:4] == ["few", "dear", "twice", "once"]


@pytest.mark.parametrize("by", [(), ("nonsense",), ("cost", "nonsense")])
def test_members_are_ranked_by_columns_of_a_sum_only(by: Sequence[str]) -> None:
    with pytest.raises(ValueError, match=r"^ranked_by: choose of .*cost"):
        statements.spend_in(1, made(), group="tag", ranked_by=by)
    assert statements.spend_in(1, made(), group="tag", ranked_by=_MEASURED).series == ()


def test_answered_and_failed_are_told_apart_day_by_day() -> None:
    workspace = rows.workspace()
    first = YESTERDAY - DAY
    for day, ok, failed in ((first, 0, 2), (YESTERDAY, 3, 1), (TODAY, 1, 0)):
        for _ in range(ok):
            rows.settle(workspace, cost=5, output_tokens=7, minute_no=minute_of(day))
        for _ in range(failed):
            rows.settle(workspace, status="failed", minute_no=minute_of(day))
    found = statements.spend_in(workspace, made(first), group="status")
    told = {
        series.member: [(each.requests, each.failed, each.counts.output, each.cost) for each in series.values]
        for series in found.series
    }
    assert told == {
        "answered": [(0, 0, 0, 0), (3, 0, 21, 15), (1, 0, 7, 5)],
        "failed": [(2, 2, 0, 0), (1, 1, 0, 0), (0, 0, 0, 0)],
    }
    assert {(series.name, series.others) for series in found.series} == {("Answered", 0), ("Failed", 0)}


def test_a_correction_alone_is_of_what_was_answered() -> None:
    workspace = rows.workspace()
    request = rows.settle(workspace, cost=5, minute_no=minute_of(YESTERDAY))
    rows.settle(workspace, request_id=request, rev=1, cost=-2, minute_no=minute_of(TODAY))
    [series] = statements.spend_in(workspace, made(), group="status").series
    assert [(each.requests, each.cost) for each in series.values] == [(1, 5), (0, -2)]


def test_where_all_failed_nothing_is_told_as_answered() -> None:
    workspace = rows.workspace()
    rows.settle(workspace, status="failed", minute_no=minute_of(TODAY))
    [series] = statements.spend_in(workspace, made(), group="status").series
    assert (series.name, series.total.requests, series.total.failed) == ("Failed", 1, 1)


def test_both_are_told_apart_where_no_more_are_asked_for() -> None:
    workspace = rows.workspace()
    for status in ("ok", "failed"):
        rows.settle(workspace, status=status, minute_no=minute_of(TODAY))
    found = statements.spend_in(workspace, made(), group="status", top=2)
    assert {series.name for series in found.series} == {"Answered", "Failed"}
