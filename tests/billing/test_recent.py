"""Recent requests: how each ended, in a shape and a word."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from billing import recent
from billing.models import UsageEvent
from billing.statements import RecentRow

NOW = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)


def line(status: str, *, http_status: int = 200, code: str = "", cost: int = 0) -> recent.Line:
    row = RecentRow(
        request_id=UUID(int=1),
        at=NOW,
        status=status,
        http_status=http_status,
        error_code=code,
        model="route/m",
        key_name="key",
        stream=False,
        input_tokens=1,
        output_tokens=1,
        ttfb_ms=None,
        latency_ms=1,
        cost=cost,
    )
    return recent.lines([row], now=NOW, zone=UTC)[0]


@pytest.mark.parametrize("status", UsageEvent.Status.values)
def test_recent_requests_have_a_word_for_every_way_to_end(status: str) -> None:
    assert line(status).ending


def test_recent_failures_show_status_and_code() -> None:
    shown = line("failed", http_status=502, code="PROVIDER_ERROR")
    assert (shown.badge, shown.ending) == ("failed", "502 PROVIDER_ERROR")


@pytest.mark.parametrize(
    ("status", "cost", "charged"),
    [("failed", 0, False), ("failed", 9, True), ("ok", 0, True), ("client_gone", 5, True)],
)
def test_recent_charges_part_free_from_not_charged(status: str, cost: int, charged: bool) -> None:
    assert line(status, cost=cost).charged is charged
