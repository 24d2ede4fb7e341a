"""How upstreams answered."""

from datetime import datetime, timedelta

import pytest
from django.db import connection

from billing.glance.pulse import added_ms, first_token_ms, pulse
from billing.glance.span import Range, Span
from billing.histograms import ADDED_MS, ERROR, FIRST_BYTE_MS, Scale
from kernel import clock
from tests.billing.beating import put
from tests.billing.glance.sums import moment

pytestmark = pytest.mark.django_db

NOW = moment("2002-11-22T13:08:00")


def histogram(scale: Scale, *figures: float) -> list[int]:
    counts = [0] * 40
    for figure in figures:
        counts[scale.bucket(figure)] += 1
    return counts


def hour(
    at: datetime, provider: int, *, first: tuple[float, ...], added: tuple[float, ...] = (), failed: int = 0
) -> None:
    begins = clock.minute_number(at.timestamp()) // 60 * 60
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO billing_health (span, begins, provider_id, model_id, calls, timeouts, rate_limited, refused_keys,"
            " errors, checks, checks_failed, checks_refused, first_byte, speed, added)"
            " VALUES (60, %s, %s, 0, %s, 0, 0, 0, %s, 0, 0, 0, %s, '{}', %s)",
            [begins, provider, len(first) + failed, failed, histogram(FIRST_BYTE_MS, *first), histogram(ADDED_MS, *added)],
        )  # fmt: skip


def test_tells_the_tail_of_first_tokens_and_the_middle_of_what_was_added() -> None:
    hour(NOW, 1, first=(100.0,) * 90, added=(3.4, 3.4, 80.0))
    hour(NOW, 2, first=(900.0,) * 10, failed=5)
    hour(NOW - timedelta(days=7), 1, first=(50.0,), added=(9.0,))
    hour(NOW - timedelta(days=7, hours=-1), 1, first=(5000.0,))  # after the moment before
    found = pulse(Span(Range.TODAY, NOW))
    assert first_token_ms(found.now) == pytest.approx(900, rel=ERROR)
    assert added_ms(found.now) == pytest.approx(3.4, rel=ERROR)
    assert first_token_ms(found.before) == pytest.approx(50, rel=ERROR)
    assert first_token_ms(found.providers[1]) == pytest.approx(100, rel=ERROR)
    assert (found.providers[2].calls, found.providers[2].failures) == (15, 5)
    assert [slot for slot, beats in enumerate(found.slots) if beats.calls] == [13]


def test_says_where_the_time_before_is_not_kept() -> None:
    assert pulse(Span(Range.WEEK, NOW)).kept
    assert not pulse(Span(Range.MONTH, NOW)).kept


def test_knows_nothing_where_nothing_was_called() -> None:
    found = pulse(Span(Range.TODAY, NOW))
    assert (first_token_ms(found.now), added_ms(found.now)) == (None, None)


def test_every_kind_of_failure_counts() -> None:
    kinds = {"timeouts": 1, "rate_limited": 2, "refused_keys": 4, "errors": 8}
    put(3, span=60, calls=20, **kinds)
    put(3, span=60, model=5, calls=90, errors=90)
    found = pulse(Span(Range.TODAY, clock.now()))
    assert (found.providers[3].calls, found.providers[3].failures) == (20, 15)
