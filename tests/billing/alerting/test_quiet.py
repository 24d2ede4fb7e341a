"""Messages wait for the end of quiet hours."""

from datetime import UTC, date, datetime, time

import pytest

from billing.alerting.quiet import due


def at(clock: str, day: int = 20) -> datetime:
    return datetime.combine(date(2026, 11, day), time.fromisoformat(clock), UTC)


@pytest.mark.parametrize(
    ("now", "hours", "expected"),
    [
        (at("12:00"), None, at("12:00")),
        (at("12:00"), ("22:00", "06:00"), at("12:00")),
        (at("22:00"), ("22:00", "06:00"), at("06:00", 21)),
        (at("23:59"), ("22:00", "06:00"), at("06:00", 21)),
        (at("05:59"), ("22:00", "06:00"), at("06:00")),
        (at("06:00"), ("22:00", "06:00"), at("06:00")),
        (at("12:30"), ("12:00", "13:00"), at("13:00")),
        (at("12:00"), ("12:00", "13:00"), at("13:00")),
        (at("13:00"), ("12:00", "13:00"), at("13:00")),
        (at("12:00"), ("08:00", "08:00"), at("08:00", 21)),
        (at("08:00"), ("08:00", "08:00"), at("08:00", 21)),
        (at("23:00"), ("22:00", "00:00"), at("00:00", 21)),
    ],
    ids=str,
)
def test_a_message_is_due(now: datetime, hours: tuple[str, str] | None, expected: datetime) -> None:
    begins, ends = (time.fromisoformat(each) for each in hours) if hours else (None, None)
    assert due(now, begins, ends) == expected


def test_hours_without_a_beginning_or_an_end_are_none() -> None:
    assert due(at("12:00"), None, time(6)) == due(at("12:00"), time(6), None) == at("12:00")
