"""How made-up requests lie in time: nothing is to come, a day off is quiet, bursts follow each other."""

import random
from datetime import UTC, date, datetime
from itertools import islice

from billing import sums
from billing.seeding.days import Spread, bursts, within

FRIDAY = datetime(2026, 11, 20, 23, 59, 59, tzinfo=UTC)
MS_PER_QUARTER = 900_000


def requests(spread: Spread, many: int = 100_000) -> dict[date, int]:
    return {day: spread.share(place, many) for place, day in enumerate(spread.days)}


def test_weekends_are_quiet_and_each_week_has_more_than_the_last() -> None:
    found = requests(Spread(14, FRIDAY))
    assert sum(found.values()) == 100_000
    weekend = [number for day, number in found.items() if day.weekday() >= 5]
    week = [number for day, number in found.items() if day.weekday() < 5]
    assert 0 < max(weekend) < min(week) < max(week)
    assert week == sorted(week)


def test_the_day_that_is_under_way_has_only_what_has_passed_of_it() -> None:
    begun = Spread(2, FRIDAY.replace(hour=6, minute=0, second=0))
    yesterday, today = requests(begun).values()
    assert today < yesterday / 4
    ends = begun.ends_ms(begun.days[-1])
    drawn = list(islice(begun.moments(begun.days[-1], random.Random(1)), 500))
    assert begun.begins_ms(begun.days[-1]) <= min(drawn) <= max(drawn) < ends
    assert max(drawn.count(each) for each in drawn) < 5


def test_a_day_is_busy_at_noon_and_never_still() -> None:
    spread = Spread(2, FRIDAY)
    day = spread.days[0]
    drawn = islice(spread.moments(day, random.Random(1)), 5_000)
    quarters = [(moment - spread.begins_ms(day)) // MS_PER_QUARTER for moment in drawn]
    assert set(quarters) == set(range(sums.QUARTERS_PER_DAY))
    noon = sum(40 <= quarter < 68 for quarter in quarters)
    night = sum(quarter < 28 for quarter in quarters)
    assert noon > 4 * night


def test_bursts_come_to_the_whole_and_go_on_in_time_up_to_the_end() -> None:
    dice = random.Random(1)
    lengths = list(bursts(1_000, dice))
    assert sum(lengths) == 1_000
    assert 30 < len(lengths) < 150
    moments = list(within(10**12, 20, 2 * 10**12, dice))
    assert moments == sorted(moments)
    assert moments[0] >= 10**12
    assert max(within(10**12, 20, 10**12 + 1, dice)) < 10**12 + 1
