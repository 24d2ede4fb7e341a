"""Cuts: each quarter of an hour is in one span, that of its local time, or the cut says that it is of UTC days."""

import datetime
import itertools
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.statements import Cut, Span, Step, Uncuttable, cut, zone_of
from tests.billing.statements.zones import CASES, QUARTER

UTC = datetime.UTC
DAY = datetime.timedelta(days=1)
HOUR = datetime.timedelta(hours=1)
BERLIN, LORD_HOWE, KOLKATA = (
    ZoneInfo("Europe/Berlin"),
    ZoneInfo("Australia/Lord_Howe"),
    ZoneInfo("Asia/Kolkata"),
)
any_zone = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)


def after(day: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(day + 2 * DAY, datetime.time(), UTC)


def made(first: datetime.date, last: datetime.date, zone: ZoneInfo, by: Step = "day") -> Cut:
    """Cut as somebody would who asks two days later."""
    return cut(first, last, zone=zone, by=by, now=after(last))


def quarters(within: Cut | Span) -> list[datetime.datetime]:
    begins, ends = within.begins.astimezone(UTC), within.ends.astimezone(UTC)
    return [begins + QUARTER * number for number in range((ends - begins) // QUARTER)]


def hours(span: Span) -> float:
    return (span.ends.astimezone(UTC) - span.begins.astimezone(UTC)) / HOUR


def follow_local_dates(found: Cut, first: datetime.date, zone: ZoneInfo) -> None:
    for number, span in enumerate(found.spans):
        assert {moment.astimezone(zone).date() for moment in quarters(span)} == {first + number * DAY}
    assert (found.begins.astimezone(UTC) - QUARTER).astimezone(zone).date() < first
    assert found.ends.astimezone(zone).date() == first + len(found.spans) * DAY
    for before, span in zip(found.spans, found.spans[1:], strict=False):
        assert before.ends.astimezone(UTC) == span.begins.astimezone(UTC)


@pytest.mark.parametrize(("name", "day"), CASES)
def test_follow_the_days_around_a_switch_of_clocks(name: str, day: datetime.date) -> None:
    zone = ZoneInfo(name)
    found = made(day - 3 * DAY, day + 3 * DAY, zone)
    assert (found.zone, len(found.spans)) == (name, 7)
    follow_local_dates(found, day - 3 * DAY, zone)


@given(any_zone, st.dates(datetime.date(1971, 1, 5), datetime.date(2037, 12, 1)), st.integers(1, 9))
def test_follow_local_days_or_say_that_they_are_of_utc(
    zone: ZoneInfo, first: datetime.date, days: int
) -> None:
    found = made(first, first + (days - 1) * DAY, zone)
    assert len(found.spans) == days
    follow_local_dates(found, first, zone if found.zone == zone.key else ZoneInfo("UTC"))


def test_follow_every_zone_there_is_through_this_year_and_the_next() -> None:
    first = datetime.datetime.now(UTC).date().replace(month=1, day=1)
    for name in sorted(available_timezones()):
        for start in (first + 80 * DAY * number for number in range(10)):
            assert made(start, start + 79 * DAY, ZoneInfo(name)).zone == name


@pytest.mark.parametrize(
    ("zone", "day", "length"),
    [
        (BERLIN, "2026-03-29", 23),
        (BERLIN, "2026-10-25", 25),
        (LORD_HOWE, "2026-04-05", 24.5),
        (LORD_HOWE, "2026-10-04", 23.5),
        (KOLKATA, "2026-03-29", 24),
    ],
)
def test_know_how_long_a_day_is(zone: ZoneInfo, day: str, length: float) -> None:
    only = datetime.date.fromisoformat(day)
    [span] = made(only, only, zone).spans
    assert hours(span) == length


@pytest.mark.parametrize(("name", "day"), CASES)
def test_follow_the_hours_that_a_clock_shows(name: str, day: datetime.date) -> None:
    zone = ZoneInfo(name)
    found = made(day - DAY, day + DAY, zone, "hour")
    shown = [
        {(m.astimezone(zone).hour, m.astimezone(zone).utcoffset()) for m in quarters(span)}
        for span in found.spans
    ]
    assert all(len(each) == 1 for each in shown)
    assert all(one != other for one, other in itertools.pairwise(shown))
    assert sum(hours(span) for span in found.spans) == sum(
        hours(span) for span in made(day - DAY, day + DAY, zone).spans
    )


def test_tell_an_hour_that_comes_twice_apart_by_its_offset() -> None:
    day = datetime.date(2026, 10, 25)
    found = made(day, day, BERLIN, "hour")
    assert [span.begins.isoformat()[11:] for span in found.spans[1:5]] == [
        "01:00:00+02:00",
        "02:00:00+02:00",
        "02:00:00+01:00",
        "03:00:00+01:00",
    ]


def test_show_half_an_hour_where_clocks_move_by_one() -> None:
    day = datetime.date(2026, 4, 5)
    found = made(day, day, LORD_HOWE, "hour")
    assert [(span.begins.isoformat()[11:], hours(span)) for span in found.spans[1:4]] == [
        ("01:00:00+11:00", 1),
        ("01:30:00+10:30", 0.5),
        ("02:00:00+10:30", 1),
    ]


@given(any_zone, st.dates(datetime.date(2026, 1, 1), datetime.date(2036, 1, 1)), st.integers(1, 80))
def test_join_days_to_weeks_and_months(zone: ZoneInfo, first: datetime.date, days: int) -> None:
    last = first + (days - 1) * DAY
    begins = [span.begins.date() for span in made(first, last, zone).spans]
    weeks = [day for day in begins if day == first or day.weekday() == 0]
    months = [day for day in begins if day == first or day.day == 1]
    assert [span.begins.date() for span in made(first, last, zone, "week").spans] == weeks
    assert [span.begins.date() for span in made(first, last, zone, "month").spans] == months
    assert len(made(first, last, zone, "all").spans) == 1


def test_need_no_quarters_where_every_edge_is_a_utc_midnight() -> None:
    first, last = datetime.date(2026, 1, 1), datetime.date(2026, 2, 1)
    assert made(first, last, ZoneInfo("UTC")).of_days
    assert made(first, last, ZoneInfo("Europe/London")).of_days
    assert not made(datetime.date(2026, 3, 28), datetime.date(2026, 3, 31), ZoneInfo("Europe/London")).of_days
    switch = datetime.date(2026, 3, 29)
    assert not made(switch, switch, ZoneInfo("Europe/London")).of_days
    assert not made(last, last, ZoneInfo("UTC"), "hour").of_days
    ages_ago = cut(first, last, zone=ZoneInfo("Africa/Abidjan"), by="day", now=after(last) + 1000 * DAY)
    assert (ages_ago.zone, ages_ago.of_days) == ("Africa/Abidjan", True)


def test_say_that_days_are_of_utc_where_quarters_may_be_gone() -> None:
    last = datetime.date(2026, 6, 30)
    first = last - 30 * DAY
    begins = datetime.datetime.combine(first, datetime.time(), KOLKATA)
    reaching = cut(first, last, zone=KOLKATA, by="day", now=begins + 89 * DAY)
    beyond = cut(first, last, zone=KOLKATA, by="day", now=begins + 89 * DAY + datetime.timedelta(seconds=1))
    assert (reaching.zone, reaching.of_days) == ("Asia/Kolkata", False)
    assert (beyond.zone, beyond.of_days) == ("UTC", True)
    assert beyond.begins == datetime.datetime(2026, 5, 31, tzinfo=UTC)
    assert beyond.ends == datetime.datetime(2026, 7, 1, tzinfo=UTC)
    with pytest.raises(Uncuttable, match="hours"):
        cut(first + DAY, last, zone=KOLKATA, by="hour", now=after(last) + 90 * DAY)


@pytest.mark.parametrize(
    ("zone", "day"),
    [("Pacific/Apia", "2011-12-30"), ("America/St_Johns", "2010-11-07"), ("Africa/Monrovia", "1971-06-01")],
)
def test_say_that_a_day_without_a_beginning_of_its_own_is_of_utc(zone: str, day: str) -> None:
    only = datetime.date.fromisoformat(day)
    assert made(only, only, ZoneInfo(zone)).zone == "UTC"


@pytest.mark.parametrize(
    ("first", "last", "by", "named"),
    [
        ("2026-01-02", "2026-01-01", "day", "last"),
        ("2023-01-01", "2026-01-05", "day", "first"),
        ("2026-01-01", "2026-02-01", "hour", "first"),
        ("1970-12-31", "1971-01-01", "day", "first"),
        ("6000-12-31", "6001-01-01", "day", "first"),
    ],
)
def test_have_bounds(first: str, last: str, by: Step, named: str) -> None:
    with pytest.raises(ValueError, match=f"^{named}: "):
        made(datetime.date.fromisoformat(first), datetime.date.fromisoformat(last), KOLKATA, by)


@pytest.mark.parametrize(
    ("first", "days", "by"),
    [
        ("1971-01-01", 1, "day"),
        ("6000-12-31", 1, "day"),
        ("2024-01-01", 1100, "day"),
        ("2026-01-01", 31, "hour"),
    ],
)
def test_reach_their_bounds(first: str, days: int, by: Step) -> None:
    begin = datetime.date.fromisoformat(first)
    end = begin + (days - 1) * DAY
    spans = cut(begin, end, zone=ZoneInfo("UTC"), by=by, now=datetime.datetime(2026, 2, 2, tzinfo=UTC)).spans
    assert len(spans) == (24 * days if by == "hour" else days)


@pytest.mark.parametrize("name", ["", "Mars/Base", "../etc/passwd", "/etc/localtime", "a\0b", "x" * 300])
def test_follow_zones_that_there_are(name: str) -> None:
    with pytest.raises(ValueError, match=r"^zone: "):
        zone_of(name)
    assert zone_of("Asia/Kolkata") is KOLKATA
