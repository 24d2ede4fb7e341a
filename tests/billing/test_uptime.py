"""Thirty days of a model at its providers: a state for each, what share was answered, and how soon answers began."""

from collections.abc import Iterator

import pytest

from billing import uptime
from billing.beats import State
from billing.histograms import BUCKETS, ERROR, FIRST_BYTE_MS
from billing.uptime import DAYS, Record, record
from kernel import clock
from tests.billing.beating import nobodys, put

pytestmark = pytest.mark.django_db

DAY = 24 * 60
UP, DEGRADED, DOWN, UNKNOWN = State.OPERATIONAL, State.DEGRADED, State.DOWN, State.UNKNOWN


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    minute = clock.minute_number()
    noon = minute - minute % DAY + 12 * 60
    monkeypatch.setattr(clock, "minute_number", lambda seconds=None: noon)
    uptime.record.forget()
    yield
    uptime.record.forget()


def begun(*milliseconds: float) -> list[int]:
    counts = [0] * BUCKETS
    for each in milliseconds:
        counts[FIRST_BYTE_MS.bucket(each)] += 1
    return counts


def test_each_day_has_its_state_the_oldest_first() -> None:
    provider = nobodys()
    for days, calls, errors in ((0, 10, 0), (1, 10, 9), (2, 10, 5), (29, 4, 4), (30, 100, 100)):
        put(provider, span=60, ago=days * DAY, model=7, calls=calls, errors=errors)
    found = record().of([(provider, 7)])
    assert DAYS == len(found.days) == 30
    assert found.days[-3:] == (DEGRADED, DOWN, UP)
    assert found.days[0] is DOWN
    assert set(found.days[1:-3]) == {UNKNOWN}
    assert found.bad_days == 3
    assert found.share == pytest.approx((34 - 18) / 34)


def test_hours_of_a_day_and_every_kind_of_failure_are_added_up() -> None:
    provider = nobodys()
    put(provider, span=60, ago=0, model=7, calls=10, timeouts=1, rate_limited=2, refused_keys=3, errors=4)
    put(provider, span=60, ago=5 * 60, model=7, calls=10)
    put(provider, span=60, ago=0, model=8, calls=500, errors=500)
    put(provider, span=60, ago=0, calls=999)  # the provider's own row is the sum of its models
    found = record().of([(provider, 7)])
    assert (found.share, found.days[-1]) == (0.5, DEGRADED)
    assert record().of([(provider, 0)]).share is None


def test_places_fare_together_and_one_that_nobody_called_is_unknown() -> None:
    one, other = nobodys(), nobodys()
    put(one, span=60, ago=DAY, model=7, calls=30, errors=6)
    put(other, span=60, ago=DAY, model=7, calls=10)
    put(one, ago=1, model=7, calls=5, errors=5)
    put(other, ago=1, model=7, calls=95)
    both = record().of([(one, 7), (other, 7), (nobodys(), 7)])
    assert (both.share, both.now, both.days[-2]) == (0.85, UP, DEGRADED)
    assert record().of([(one, 7)]).now is DOWN
    nothing = record().of([(nobodys(), 7)])
    assert (nothing.share, nothing.first_byte_ms, nothing.now, nothing.bad_days) == (None, None, UNKNOWN, 0)
    assert record().of([]).days == (UNKNOWN,) * DAYS


def test_how_it_is_now_goes_by_the_last_half_hour() -> None:
    provider = nobodys()
    put(provider, ago=30, model=7, calls=3, timeouts=1, rate_limited=1, refused_keys=1)
    put(provider, ago=31, model=7, calls=100)
    put(provider, ago=0, calls=100)
    assert record().of([(provider, 7)]).now is DOWN
    put(provider, ago=0, model=7, calls=997, errors=1)
    uptime.record.forget()
    assert record().of([(provider, 7)]).now is UP


def test_first_bytes_are_those_of_a_day_at_all_places() -> None:
    one, other = nobodys(), nobodys()
    put(one, span=60, ago=0, model=7, calls=3, first_byte=begun(100, 100, 5_000))
    put(one, span=60, ago=DAY, model=7, calls=1, first_byte=begun(100))
    put(one, span=60, ago=DAY + 60, model=7, calls=9, first_byte=begun(*[9_000] * 9))
    put(other, span=60, ago=0, model=7, calls=5, first_byte=begun(*[700] * 5))
    assert record().of([(one, 7)]).first_byte_ms == pytest.approx(100, rel=ERROR)
    assert record().of([(one, 7), (other, 7)]).first_byte_ms == pytest.approx(700, rel=ERROR)


def test_it_is_read_anew_only_after_a_while() -> None:
    provider = nobodys()
    first = record()
    put(provider, span=60, ago=0, model=7, calls=1)
    assert record() is first
    uptime.record.forget()
    assert record().of([(provider, 7)]).share == 1.0


def test_a_record_of_nothing_knows_nothing() -> None:
    found = Record({}, {}, {}, today=20_000).of([(1, 1)])
    assert (found.days, found.share, found.first_byte_ms, found.now) == ((UNKNOWN,) * 30, None, None, UNKNOWN)
