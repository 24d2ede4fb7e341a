"""Meters: how full a window is, in words and in width."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from billing import meters
from billing.statements import Limits, Meter

NOW = datetime(2026, 11, 21, 13, 8, 8, tzinfo=UTC)
HOUR = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)
QUIET = Meter(used=0, cap=10, resets_at=NOW + timedelta(hours=1))


def hour(used: int, cap: int | None) -> meters.Gauge:
    limits = Limits(minute=QUIET, hour=Meter(used, cap, HOUR), day=QUIET, streams=Meter(2, 50, None))
    return meters.gauges(limits, now=NOW, zone=ZoneInfo("Europe/Berlin"))[1]


@pytest.mark.parametrize(
    ("used", "cap", "width", "state"),
    [
        (0, 100, 0, ""),
        (80, 100, 80, ""),
        (81, 100, 81, "near"),
        (9_999, 10_000, 99, "near"),
        (100, 100, 100, "full"),
        (104, 100, 100, "full"),
        (0, 0, 100, "full"),
        (7, None, 0, ""),
    ],
)
def test_turn_amber_past_four_fifths_and_red_at_the_cap(
    used: int, cap: int | None, width: int, state: str
) -> None:
    gauge = hour(used, cap)
    assert (gauge.width, gauge.state) == (width, state)


def test_say_used_cap_and_reset_in_the_zone_of_the_workspace() -> None:
    gauge = hour(1180, 3000)
    assert gauge.words == "1,180 of 3,000 requests, resets at 15:00"
    assert (gauge.left, gauge.clock) == ("51:52", "15:00")


def test_stand_at_the_cap_when_weights_overshot_it() -> None:
    assert hour(104, 100).shown == 100


def test_count_streams_without_a_reset() -> None:
    limits = Limits(minute=QUIET, hour=QUIET, day=QUIET, streams=Meter(2, 50, None))
    streams = meters.gauges(limits, now=NOW, zone=ZoneInfo("UTC"))[3]
    assert (streams.words, streams.left, streams.clock) == ("2 of 50 streams", "", "")
