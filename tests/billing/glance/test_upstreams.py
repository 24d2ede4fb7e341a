"""Upstreams on the home: those that are left alone first, then by their share of what was answered."""

from datetime import UTC, datetime

import pytest

from billing import broker
from billing.beats import Beats
from billing.glance.upstreams import SHOWN, Row, upstreams
from billing.glance.usage import Measured
from catalog.models import Endpoint, Provider

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 13, tzinfo=UTC)


def provider(name: str, *, active: bool = True, endpoints: int = 1) -> tuple[int, list[int]]:
    made = Provider.objects.create(slug=name.lower(), name=name, active=active)
    numbers = [
        Endpoint.objects.create(
            provider=made,
            name=f"{name} {number}",
            base_url=f"https://{name}{number}.example/v1",
        ).pk
        for number in range(endpoints)
    ]
    return made.pk, numbers


def left(endpoint: int, seconds: float, model: str = "m") -> broker.Left:
    return broker.Left(endpoint, model, NOW.timestamp() + seconds, NOW.timestamp() - 5)


@pytest.fixture(autouse=True)
def _nobody_else() -> None:
    Provider.objects.update(active=False)


def shown(row: Row) -> tuple[str, str, str, str, str, bool]:
    plain = (text.replace("\N{NO-BREAK SPACE}", " ") for text in (row.answered, row.share, row.breaker))
    answered, share, breaker = plain
    return row.name, answered, row.first_token, share, breaker, row.worse


def test_say_what_share_of_calls_they_answered_and_what_share_of_requests_they_have() -> None:
    one, _ = provider("One")
    two, _ = provider("Two")
    provider("Idle")
    provider("Off", active=False)
    used = {one: Measured(requests=1), two: Measured(requests=3), 0: Measured(requests=96)}
    beats = {one: Beats(calls=200, errors=1), two: Beats(calls=100, timeouts=30, errors=10)}
    found = upstreams(used, beats, broker.Said(queued=0), NOW)
    assert [shown(row) for row in found.rows] == [
        ("Two", "60.00 %", "—", "75 %", "", True),
        ("One", "99.50 %", "—", "25 %", "", False),
        ("Idle", "—", "—", "—", "", False),
    ]
    assert (found.number, found.asked) == (3, True)
    assert found.rows[0].url.endswith(f"/{two}/change/")


def test_those_with_an_open_breaker_come_first_and_say_until_when() -> None:
    busy, busy_at = provider("Busy")
    many, many_at = provider("Many", endpoints=2)
    single, single_at = provider("Single")
    said = broker.Said(
        queued=0,
        places=(
            left(many_at[0], 30), left(many_at[1], 90), left(many_at[1], 60, "other"),
            left(single_at[0], 65), left(busy_at[0], 0), left(-1, 500),
        ),
    )  # fmt: skip
    used = {busy: Measured(requests=9), many: Measured(requests=1), single: Measured(requests=2)}
    found = upstreams(used, {}, said, NOW)
    assert [(row.name, row.breaker) for row in found.rows] == [
        ("Single", "open, tried in 1:05"),
        ("Many", "3 open, tried in 1:30"),
        ("Busy", ""),
    ]


def test_only_a_few_are_shown_by_name_where_nothing_else_tells_them_apart() -> None:
    for name in ("g", "b", "a", "f", "c", "e", "d"):
        provider(name)
    found = upstreams({}, {}, broker.Said(), NOW)
    assert [row.name for row in found.rows] == list("abcdef")
    assert (len(found.rows), found.number, found.asked) == (SHOWN, 7, False)
