"""Spend: every event in one span, that of its local time; the same before and after posting; sums that agree."""

import datetime
import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import ApiKey
from billing import rollup, statements
from billing.statements import Group, Only, Spend, Step
from catalog.models import Provider
from catalog.pricing import Counts
from kernel import clock
from tests.billing import rows
from tests.billing.plans import assert_index_bound
from tests.billing.statements.used import TODAY, YESTERDAY, minute_of, model
from tests.billing.statements.zones import CASES

DAY = datetime.timedelta(days=1)
UTC = ZoneInfo("UTC")


def spend(
    workspace: int, first: datetime.date = YESTERDAY, last: datetime.date = TODAY, **asked: object
) -> Spend:
    return statements.spend(workspace, **{"first": first, "last": last, "zone": UTC, **asked})  # type: ignore[arg-type]


def adds_up(found: Spend) -> None:
    for place, value in enumerate(found.values):
        assert sum((series.values[place] for series in found.series), statements.Measures()) == value
    assert sum(found.values, statements.Measures()) == found.total
    for series in found.series:
        assert len(series.values) == len(found.values)
        assert sum(series.values, statements.Measures()) == series.total


@dataclass(frozen=True)
class Event:
    minute: int
    cost: int
    revision: int
    failed: bool
    tokens: int

    def local(self, zone: ZoneInfo) -> datetime.datetime:
        return clock.start_of_minute(self.minute).astimezone(zone)


def scattered(workspace: int, middle: datetime.date, seed: int) -> list[Event]:
    """Settle events over six days around one, two thirds of them posted, some with a correction."""
    dice = random.Random(seed)
    events = []
    for number in range(60):
        minute = minute_of(middle) + dice.randrange(-3 * 1440, 3 * 1440)
        made = [Event(minute, dice.randrange(10**6), 0, dice.random() < 0.2, dice.randrange(1000))]
        if dice.random() < 0.3:
            made.append(Event(minute, dice.randrange(-50, 50), 1, True, dice.randrange(-9, 9)))
        request = None
        for event in made:
            request = rows.settle(
                workspace, request_id=request, rev=event.revision, cost=event.cost, minute_no=event.minute,
                status="failed" if event.failed else "ok", reasoning_tokens=event.tokens,
            )  # fmt: skip
        events += made
        if number in (19, 39):
            rollup.close(workspace)
            rollup.post(workspace)
    return events


def summed(events: Iterable[Event]) -> statements.Measures:
    return sum(
        (
            statements.Measures(
                requests=event.revision == 0,
                failed=event.revision == 0 and event.failed,
                counts=Counts(reasoning=event.tokens),
                cost=event.cost,
            )
            for event in events
        ),
        statements.Measures(),
    )


def beginning(local: datetime.datetime, by: Step) -> tuple[object, ...]:
    day = local.date()
    match by:
        case "hour":
            return (day, local.hour, local.utcoffset())
        case "week":
            return (day - datetime.timedelta(days=day.weekday()),)
        case "month":
            return (day.replace(day=1),)
        case _:
            return (day,)


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "day"), CASES)
def test_is_of_the_local_time_of_each_event(
    monkeypatch: pytest.MonkeyPatch, name: str, day: datetime.date
) -> None:
    monkeypatch.setattr(clock, "now", lambda: clock.start_of_minute(minute_of(day + 30 * DAY)))
    zone, workspace = ZoneInfo(name), rows.workspace()
    events = scattered(workspace, day, seed=day.toordinal())
    for by in ("hour", "day", "week", "month"):
        expected: dict[tuple[object, ...], list[Event]] = defaultdict(list)
        for event in events:
            expected[beginning(event.local(zone), by)].append(event)
        found = spend(workspace, day - 5 * DAY, day + 5 * DAY, zone=zone, by=by)
        assert found.cut_in == name
        adds_up(found)
        told = {
            beginning(span.begins, by): value
            for span, value in zip(found.spans, found.values, strict=True)
            if value != statements.Measures()
        }
        assert told == {place: summed(each) for place, each in expected.items()}
        assert found.total == summed(events)


@pytest.mark.django_db
def test_leaves_out_what_is_a_minute_outside() -> None:
    workspace, zone = rows.workspace(), ZoneInfo("Asia/Kathmandu")
    begins = minute_of(YESTERDAY) - 345
    for minute, cost in ((begins - 1, 1), (begins, 10), (begins + 1439, 100), (begins + 1440, 1000)):
        rows.settle(workspace, cost=cost, minute_no=minute)
    for _ in range(2):
        for by, first, last in (("day", 110, 110), ("hour", 10, 100)):
            found = spend(workspace, YESTERDAY, YESTERDAY, zone=zone, by=by)
            told = (found.values[0].cost, found.values[-1].cost, found.total.cost)
            assert told == (first, last, 110)
            assert found.spans[0].begins.isoformat() == f"{YESTERDAY}T00:00:00+05:45"
        rollup.close(workspace)
        rollup.post(workspace)


@pytest.mark.django_db
def test_is_of_utc_days_where_no_quarters_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    workspace, zone = rows.workspace(), ZoneInfo("Asia/Kolkata")
    day = YESTERDAY
    rows.settle(workspace, cost=1, minute_no=minute_of(day))
    rows.settle(workspace, cost=10, minute_no=minute_of(day) + 1439)
    rows.settle(workspace, cost=100, minute_no=minute_of(day) + 1440)
    rollup.close(workspace)
    rollup.post(workspace)
    now = clock.now()
    assert [value.cost for value in spend(workspace, day, day, zone=zone).values] == [1]
    monkeypatch.setattr(clock, "now", lambda: now + 100 * DAY)
    found = spend(workspace, day, day, zone=zone)
    assert (found.cut_in, found.total.cost) == ("UTC", 11)
    assert found.spans[0].begins.isoformat() == f"{day}T00:00:00+00:00"


@pytest.mark.django_db
def test_reads_the_same_before_during_and_after_posting() -> None:
    workspace, one = rows.workspace(), model("sandbox/one")
    for cost in (1, 2):
        rows.settle(workspace, cost=cost, model_id=one, output_tokens=cost)
    for zone in (UTC, ZoneInfo("Asia/Kolkata")):
        before = spend(workspace, YESTERDAY, TODAY + DAY, zone=zone, group="model")
        rollup.close(workspace)
        assert spend(workspace, YESTERDAY, TODAY + DAY, zone=zone, group="model") == before
        rollup.post(workspace)
        assert spend(workspace, YESTERDAY, TODAY + DAY, zone=zone, group="model") == before
        assert (before.total.cost, before.total.requests) == (3, 2)


def four_models(workspace: int) -> list[str]:
    names = [f"sandbox/{name}" for name in "dcba"]
    for name, cost in zip(names, (5, 20, 5, 20), strict=True):
        rows.settle(workspace, cost=cost, model_id=model(name))
    rows.settle(workspace, cost=1, model_id=424242)
    return names


@pytest.mark.django_db
def test_tells_the_dearest_apart_and_the_rest_as_one() -> None:
    workspace = rows.workspace()
    four_models(workspace)
    found = spend(workspace, group="model", top=3)
    adds_up(found)
    assert [(series.name, series.total.cost, series.others) for series in found.series] == [
        ("sandbox/c", 20, 0),
        ("sandbox/a", 20, 0),
        ("sandbox/d", 5, 0),
        ("", 6, 2),
    ]
    assert [bool(series.member) for series in found.series] == [True, True, True, False]
    assert found == spend(workspace, group="model", top=3)
    whole = spend(workspace, group="model")
    assert [series.name for series in whole.series][-1] == "model 424242"
    assert whole.total == found.total
    assert all(series.others == 0 for series in whole.series)


@pytest.mark.django_db
def test_ranks_by_all_that_was_spent_and_then_by_requests() -> None:
    workspace = rows.workspace()
    for tag, *costs in (("z busy", 3, 7), ("y dear", 10), ("x even", 6, 6)):
        for back, cost in enumerate(costs):
            rows.settle(workspace, cost=cost, tag=tag, minute_no=minute_of(TODAY - back * DAY))
    found = spend(workspace, group="tag")
    assert [series.name for series in found.series] == ["x even", "z busy", "y dear"]


@pytest.mark.django_db
def test_tells_a_bounded_number_apart() -> None:
    for top in (0, 101):
        with pytest.raises(ValueError, match="top"):
            spend(1, group="tag", top=top)
    assert [spend(1, group="tag", top=top).series for top in (1, 100)] == [(), ()]


@pytest.mark.django_db
def test_is_split_by_key_provider_or_tag() -> None:
    workspace = rows.workspace()
    key = ApiKey.objects.create(
        workspace_id=workspace, name="laptop", digest=b"d", prefix="rk_1", last_four="abcd"
    )
    provider = Provider.objects.create(slug="here", name="Here")
    rows.settle(workspace, cost=4, api_key_id=key.pk, provider_id=provider.pk, tag="a 'b' %")
    rows.settle(workspace, cost=1, api_key_id=77)
    told: dict[Group, list[tuple[str, int]]] = {
        "key": [("laptop", 4), ("key 77", 1)],
        "provider": [("here", 4), ("provider 0", 1)],
        "tag": [("a 'b' %", 4), ("", 1)],
        "none": [("", 5)],
    }
    for _ in range(2):
        for group, expected in told.items():
            found = spend(workspace, group=group)
            assert [(series.name, series.total.cost) for series in found.series] == expected
        rollup.close(workspace)
        rollup.post(workspace)


@pytest.mark.django_db
def test_is_of_what_is_named_only() -> None:
    workspace = rows.workspace()
    kept = {"api_key_id": 5, "model_id": 6, "provider_id": 7, "tag": "x"}
    rows.settle(workspace, cost=1, **kept)
    for column, other in (("api_key_id", 50), ("model_id", 60), ("provider_id", 70), ("tag", "y")):
        rows.settle(workspace, cost=10, **{**kept, column: other})
    one_each = (Only(keys=(5,)), Only(models=(6,)), Only(providers=(7,)), Only(tags=("x",)))
    for _ in range(2):
        assert [spend(workspace, only=only).total.cost for only in one_each] == [31] * 4
        assert spend(workspace, only=Only((5,), (6,), (7,), ("x",))).total.cost == 1
        assert spend(workspace, only=Only(keys=(5, 50))).total.cost == 41
        rollup.close(workspace)
        rollup.post(workspace)


@pytest.mark.django_db
def test_is_compared_with_as_many_days_before() -> None:
    workspace = rows.workspace()
    for back in range(6):
        rows.settle(workspace, cost=10**back, minute_no=minute_of(TODAY - back * DAY))
    found = spend(workspace, TODAY - DAY, TODAY, compare=True)
    assert found.total.cost == 11
    assert found.before is not None
    assert (found.before.first, found.before.last) == (TODAY - 3 * DAY, TODAY - 2 * DAY)
    assert (found.before.total.cost, found.before.cut_in) == (1100, "UTC")
    assert spend(workspace).before is None


@pytest.mark.django_db
def test_of_nothing_is_nothing() -> None:
    found = spend(rows.workspace(), group="model")
    assert (found.series, found.total) == ((), statements.Measures())
    assert found.values == (statements.Measures(),) * 2


@pytest.mark.django_db
def test_is_of_one_workspace() -> None:
    workspace, other = rows.workspace(), rows.workspace()
    rows.settle(other, cost=5)
    rollup.close(other)
    rollup.post(other)
    rows.settle(other, cost=5)
    for by in ("day", "hour"):
        assert spend(workspace, by=by).total == statements.Measures()


@pytest.mark.django_db
def test_is_read_by_an_index() -> None:
    workspace = rows.workspace()
    with CaptureQueriesContext(connection) as queries:
        spend(workspace, group="model")
        spend(workspace, zone=ZoneInfo("Asia/Kolkata"), by="hour", group="tag", only=Only(keys=(1,)))
        spend(workspace, zone=ZoneInfo("Asia/Kolkata"), by="month", compare=True)
    assert_index_bound(queries)
