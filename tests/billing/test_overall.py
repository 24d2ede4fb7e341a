"""The figures of everybody: each lies in its step and with its member, and steps begin where they say."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from billing import rollup
from billing.overall import METRICS, MOST_DAYS, Group, Overall, Step, names_of, overall
from tests.billing import rows
from tests.billing.statements.used import TODAY, minute_of, model

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def asked(workspace: int, per: Step, first: date, last: date, by: Group = "none", **other: Any) -> Overall:
    return overall(
        "requests",
        by=by,
        per=per,
        first=first,
        last=last,
        only={"workspace": workspace},
        **other,
    )


def used(workspace: int, *moments: tuple[date, int], **columns: object) -> None:
    """Post one request of each day and minute of it."""
    for day, minute in moments:
        rows.settle(workspace, cost=1, minute_no=minute_of(day) + minute, **columns)
    rollup.close(workspace)
    rollup.post(workspace)


@pytest.mark.parametrize(
    ("per", "first", "last", "begins"),
    [
        ("day", "2026-11-19", "2026-11-21", ["2026-11-19", "2026-11-20", "2026-11-21"]),
        ("week", "2026-11-04", "2026-11-23", ["2026-11-04", "2026-11-09", "2026-11-16", "2026-11-23"]),
        ("month", "2026-10-15", "2026-12-02", ["2026-10-15", "2026-11-01", "2026-12-01"]),
    ],
)
def test_steps_begin_with_the_first_day_with_mondays_and_with_months(
    per: Step, first: str, last: str, begins: list[str]
) -> None:
    found = asked(-1, per, date.fromisoformat(first), date.fromisoformat(last))
    assert [f"{each:%Y-%m-%d}" for each in found.begins] == begins
    assert all(each.tzinfo is UTC and (each.hour, each.minute) == (0, 0) for each in found.begins)
    assert found.values == (0,) * len(begins)


def test_hours_are_twenty_four_of_each_day() -> None:
    found = asked(-1, "hour", date(2026, 11, 20), date(2026, 11, 21))
    begin = datetime(2026, 11, 20, tzinfo=UTC)
    assert found.begins == tuple(begin + timedelta(hours=hour) for hour in range(48))


@pytest.mark.parametrize("per", MOST_DAYS)
def test_as_many_days_as_a_chart_can_show_are_told_and_no_more(per: Step) -> None:
    assert MOST_DAYS == {"hour": 14, "day": 120, "week": 400, "month": 1_100}
    last = date(2026, 11, 21)
    assert asked(-1, per, last - (MOST_DAYS[per] - 1) * DAY, last).begins
    assert asked(-1, per, last, last).begins
    for first in (last - MOST_DAYS[per] * DAY, last + DAY):
        with pytest.raises(ValueError, match=f"at most {MOST_DAYS[per]} days are told by {per}"):
            asked(-1, per, first, last)


def test_what_is_money_is_known_as_such() -> None:
    assert {name for name, metric in METRICS.items() if metric.money} == {
        "revenue",
        "upstream_cost",
        "margin",
    }


def test_usage_lies_in_its_hour_day_and_week() -> None:
    workspace = rows.workspace()
    first, last = TODAY - 2 * DAY, TODAY - DAY
    used(workspace, (first - DAY, 1439), (first, 0), (first, 59), (first, 60), (last, 1439), (TODAY, 0))
    hours = [0] * 48
    hours[0], hours[1], hours[47] = 2, 1, 1
    assert asked(workspace, "hour", first, last).values == tuple(hours)
    assert asked(workspace, "day", first, last).values == (3, 1)
    weeks = asked(workspace, "week", first, last)
    assert weeks.total == 4
    assert weeks.values[0] == (3 if last.weekday() == 0 else 4)


def test_members_are_ranked_and_those_that_are_equal_keep_the_order_of_their_numbers() -> None:
    workspace = rows.workspace()
    for key, number in ((7, 1), (5, 1), (9, 3), (3, 2)):
        used(workspace, *[(TODAY, 0)] * number, api_key_id=key)
    found = asked(workspace, "day", TODAY, TODAY, by="key", top=3)
    assert [(each.member, each.name, each.others, each.total) for each in found.series] == [
        (9, "key 9", 0, 3),
        (3, "key 3", 0, 2),
        (5, "key 5", 0, 1),
        (0, "", 1, 1),
    ]
    every = asked(workspace, "day", TODAY, TODAY, by="key", top=4)
    assert [(each.member, each.others) for each in every.series] == [(9, 0), (3, 0), (5, 0), (7, 0)]


def test_the_days_right_before_are_compared_member_by_member_and_the_rest_as_one() -> None:
    workspace = rows.workspace()
    first = TODAY - DAY
    for key, now, then in ((1, 4, 1), (2, 3, 2), (3, 1, 4), (4, 1, 0)):
        used(workspace, *[(TODAY, 0)] * now, *[(first - DAY, 0)] * then, api_key_id=key)
    used(workspace, (first - 2 * DAY, 0), (first - 3 * DAY, 1439), api_key_id=1)  # the second is of no day
    found = asked(workspace, "day", first, TODAY, by="key", top=2, compare=True)
    assert found.before == (1, 7)
    assert [(each.member, each.total, each.before) for each in found.series] == [
        (1, 4, 2),
        (2, 3, 2),
        (0, 2, 4),
    ]


def test_members_are_called_by_their_names_and_one_that_is_gone_by_its_number() -> None:
    number = model("sandbox/named")
    assert names_of("model", [number, 424242, 0]) == {
        number: "sandbox/named",
        424242: "model 424242",
        0: "none reached",
    }
    assert names_of("none", [0]) == {0: "All"}
