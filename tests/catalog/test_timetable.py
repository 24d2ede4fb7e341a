"""Tests of catalog.timetable: a timetable."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.pricing import RateCard
from catalog.timetable import EVERY_DAY, MINUTES_PER_DAY, Coming, Timetable, Version, Window

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def card(number: int) -> RateCard:
    return RateCard(number, {"input": ((0, number),)})


def standard(number: int, since: datetime) -> Version:
    return Version(card(number), since)


def offer(number: int, since: datetime, until: datetime) -> Version:
    return Version(card(number), since, until, "promotion", label="Offer")


def night(number: int, since: datetime, window: Window, until: datetime | None = None) -> Version:
    return Version(card(number), since, until, "time_of_day", window, "Night")


def at(known: Timetable, moment: datetime) -> int | None:
    version = known.at(moment)
    return version.card.version_id if version is not None else None


def test_has_nothing_before_the_first_price_and_nothing_at_all_without_one() -> None:
    assert at(Timetable(), MONDAY) is None
    known = Timetable((standard(1, MONDAY),))
    assert (at(known, MONDAY - timedelta(microseconds=1)), at(known, MONDAY)) == (None, 1)


def test_has_the_newest_standard_price_that_has_begun() -> None:
    known = Timetable((standard(1, MONDAY), standard(2, MONDAY + DAY), standard(3, MONDAY + 2 * DAY)))
    assert [at(known, MONDAY + hours * HOUR) for hours in (0, 23, 24, 48, 4800)] == [1, 1, 2, 3, 3]


def test_puts_a_promotion_before_a_time_of_day_and_that_before_the_standard() -> None:
    known = Timetable(
        (
            standard(1, MONDAY),
            night(2, MONDAY, Window(0, 6 * 60, EVERY_DAY)),
            offer(3, MONDAY + 3 * HOUR, MONDAY + 9 * HOUR),
        )
    )
    hours = {hour: at(known, MONDAY + hour * HOUR) for hour in (0, 2, 3, 8, 9, 23, 24, 29, 30)}
    assert hours == {0: 2, 2: 2, 3: 3, 8: 3, 9: 1, 23: 1, 24: 2, 29: 2, 30: 1}


def test_lets_the_newest_of_a_kind_count_and_the_older_again_when_it_ends() -> None:
    known = Timetable(
        (
            standard(1, MONDAY),
            offer(2, MONDAY, MONDAY + 9 * HOUR),
            offer(3, MONDAY + 3 * HOUR, MONDAY + 6 * HOUR),
        )
    )
    assert [at(known, MONDAY + hour * HOUR) for hour in (2, 3, 5, 6, 8, 9)] == [2, 3, 3, 2, 2, 1]
    same = Window(0, 60, EVERY_DAY)
    twice = Timetable((standard(1, MONDAY), night(3, MONDAY, same), night(2, MONDAY, same)))
    assert at(twice, MONDAY) == 3, "of two from one moment the later row counts"


def test_carries_a_night_past_midnight_and_on_from_the_weekday_it_began() -> None:
    friday = night(2, MONDAY, Window(22 * 60, 6 * 60, 1 << 4))
    known = Timetable((standard(1, MONDAY), friday))
    begins = MONDAY + 4 * DAY + 22 * HOUR
    assert at(known, begins - MINUTE) == 1
    assert at(known, begins) == 2
    assert at(known, begins + 2 * HOUR) == 2, "Saturday 00:00"
    assert at(known, begins + 8 * HOUR - timedelta(microseconds=1)) == 2
    assert at(known, begins + 8 * HOUR) == 1
    assert at(known, begins - DAY) == 1, "Thursday"
    assert at(known, begins + DAY) == 1, "Saturday night"


def test_carries_sundays_night_into_monday() -> None:
    known = Timetable((standard(1, MONDAY - 7 * DAY), night(2, MONDAY - 7 * DAY, Window(1380, 60, 1 << 6))))
    assert [at(known, MONDAY + minutes * MINUTE) for minutes in (-61, -60, -1, 0, 59, 60)] == [1, 2, 2, 2, 2, 1]  # fmt: skip


def test_knows_the_time_of_day_in_utc_whatever_zone_it_is_asked_in() -> None:
    known = Timetable((standard(1, MONDAY), night(2, MONDAY, Window(0, 60, EVERY_DAY))))
    assert at(known, (MONDAY + 30 * MINUTE).astimezone(ZoneInfo("Asia/Kathmandu"))) == 2


def test_takes_a_whole_day_from_midnight_to_midnight() -> None:
    assert Window(0, MINUTES_PER_DAY, 1).spans() == [(0, 1440)]
    known = Timetable((standard(1, MONDAY), night(2, MONDAY, Window(0, MINUTES_PER_DAY, 1 << 5 | 1 << 6))))
    assert [at(known, MONDAY + (4 + n) * DAY + 23 * HOUR) for n in range(4)] == [1, 2, 2, 1]


def test_forgets_a_version_that_was_taken_back() -> None:
    known = Timetable((standard(1, MONDAY), Version(card(2), MONDAY + DAY, MONDAY + DAY)))
    assert at(known, MONDAY + 2 * DAY) == 1
    assert known.coming(MONDAY) is None


def test_tells_the_next_dated_change() -> None:
    later, sale = standard(2, MONDAY + 9 * DAY), offer(3, MONDAY + 2 * DAY, MONDAY + 3 * DAY)
    first = standard(1, MONDAY)
    known = Timetable((first, later, sale))
    assert known.coming(MONDAY - DAY) == Coming(MONDAY, first)
    assert known.coming(MONDAY) == Coming(MONDAY + 2 * DAY, sale)
    assert known.coming(MONDAY + 2 * DAY) == Coming(MONDAY + 3 * DAY, first)
    assert known.coming(MONDAY + 3 * DAY) == Coming(MONDAY + 9 * DAY, later)
    assert known.coming(MONDAY + 9 * DAY) is None


def test_tells_the_dated_prices_without_times_of_day() -> None:
    first, later = standard(1, MONDAY), standard(2, MONDAY + 9 * DAY)
    sale, band = offer(3, MONDAY + 2 * DAY, MONDAY + 3 * DAY), night(4, MONDAY, Window(0, 60, EVERY_DAY))
    assert Timetable((first, later, sale, band)).dated == (
        (MONDAY + 9 * DAY, later),
        (MONDAY + 3 * DAY, first),
        (MONDAY + 2 * DAY, sale),
        (MONDAY, first),
    )
    assert Timetable((sale,)).dated == ((MONDAY + 2 * DAY, sale),)


def test_tells_that_a_time_of_day_comes_or_goes_but_not_that_it_comes_round() -> None:
    window = Window(0, 60, EVERY_DAY)
    begins, ends = MONDAY + DAY, MONDAY + 3 * DAY
    first, band = standard(1, MONDAY), night(2, begins, window, ends)
    known = Timetable((first, band))
    assert known.coming(MONDAY) == Coming(begins, band)
    assert known.windows(MONDAY) == ()
    assert known.windows(begins) == (band,)
    assert known.coming(begins) == Coming(ends, first)


@pytest.mark.parametrize(
    ("since", "first"),
    [
        (MONDAY, MONDAY + 22 * HOUR),
        (MONDAY + 23 * HOUR, MONDAY + 23 * HOUR),
        (MONDAY + 30 * HOUR, MONDAY + 7 * DAY + 22 * HOUR),
    ],
)
def test_knows_when_a_time_of_day_first_holds(since: datetime, first: datetime) -> None:
    assert night(1, since, Window(22 * 60, 6 * 60, 1)).first() == first


windows = st.builds(Window, st.integers(0, 1439), st.integers(1, 1440), st.integers(1, EVERY_DAY)).filter(
    lambda window: window.begins != window.ends
)
moments = st.integers(0, 40 * 24 * 60).map(lambda minutes: MONDAY + minutes * MINUTE)
spans = st.tuples(moments, moments).map(lambda pair: (min(pair), max(pair))).filter(lambda p: p[0] < p[1])
rows = st.lists(
    st.one_of(
        moments.map(lambda since: ("standard", since, None, None)),
        spans.map(lambda span: ("promotion", *span, None)),
        st.tuples(spans, windows).map(lambda pair: ("time_of_day", *pair[0], pair[1])),
        st.tuples(moments, windows).map(lambda pair: ("time_of_day", pair[0], None, pair[1])),
    ),
    max_size=8,
)


@given(rows, st.lists(moments, min_size=1, max_size=20))
def test_agrees_with_the_rule_written_out(found: list[tuple[str, datetime, datetime | None, Window | None]], asked: list[datetime]) -> None:  # fmt: skip
    versions = [
        Version(card(number), since, until, kind, window)
        for number, (kind, since, until, window) in enumerate(found, start=1)
    ]
    known = Timetable(tuple(versions))
    for moment in asked:
        assert at(known, moment) == _by_the_rule(versions, moment)


def _by_the_rule(versions: list[Version], moment: datetime) -> int | None:
    for kind in ("promotion", "time_of_day", "standard"):
        holding = [v for v in versions if v.kind == kind and v.spans(moment) and _in_window(v.window, moment)]
        if holding:
            return max(holding, key=lambda v: (v.valid_from, v.card.version_id)).card.version_id
    return None


def _in_window(window: Window | None, moment: datetime) -> bool:
    if window is None:
        return True
    minute = moment.hour * 60 + moment.minute
    today, yesterday = (window.weekdays >> day & 1 for day in (moment.weekday(), (moment.weekday() - 1) % 7))
    if window.begins < window.ends:
        return bool(today) and window.begins <= minute < window.ends
    return bool((today and minute >= window.begins) or (yesterday and minute < window.ends))
