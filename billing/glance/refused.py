"""How many requests were refused in a span and before it, and for what."""

from collections.abc import Sequence
from dataclasses import dataclass

from kernel import clock
from kernel.replica import reading

from .span import Span

__all__ = ["Reason", "Refused", "refused", "words"]

_READ = """
SELECT side, slot, code, sum(refusals)::bigint FROM (
    SELECT 0 AS side, (minute_no - %(begins)s) / %(minutes)s AS slot, code, refusals FROM billing_refusal_count
    WHERE minute_no >= %(begins)s
    UNION ALL
    SELECT 1, 0, '', refusals FROM billing_refusal_count
    WHERE minute_no >= %(begins)s - %(back)s AND minute_no < %(until)s - %(back)s) counted
GROUP BY GROUPING SETS ((side, slot), (side, code))"""

_WORDS = {
    "MINUTE_REQUEST_LIMIT_EXCEEDED": "Minute cap",
    "HOURLY_REQUEST_LIMIT_EXCEEDED": "Hour cap",
    "DAILY_REQUEST_LIMIT_EXCEEDED": "Day cap",
    "CONCURRENT_STREAM_LIMIT_EXCEEDED": "Streams at once",
    "INSUFFICIENT_CREDITS": "No credit",
    "CREDITS_HELD": "Credit held",
    "KEY_BUDGET_EXCEEDED": "Key budget",
    "MODEL_NOT_ALLOWED": "Model not on plan",
    "INVALID_MODEL": "No such model",
    "WORKSPACE_SUSPENDED": "Workspace suspended",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason: the code as callers get it, in words, and how often it was given."""

    code: str
    refusals: int

    @property
    def words(self) -> str:
        """The reason in words."""
        return words(self.code)


@dataclass(frozen=True, slots=True)
class Refused:
    """Requests that were not let in: now, before up to the same minute, by slot, and by reason, the most first."""

    now: int
    before: int
    slots: tuple[int, ...]
    reasons: Sequence[Reason]


def words(code: str) -> str:
    """Return what a code of a refusal says; one that nobody gave words to says its own."""
    return _WORDS.get(code, code.replace("_", " ").capitalize())


def refused(span: Span) -> Refused:
    """Return what was refused. Counts are kept for 90 days, by the minute."""
    slots = [0] * span.slots
    reasons: list[Reason] = []
    before = 0
    with reading() as cursor:
        cursor.execute(_READ, _values(span))
        for side, slot, code, refusals in cursor.fetchall():
            if side == 1:
                before = refusals
            elif code is not None:
                reasons.append(Reason(code, refusals))
            elif slot is not None and slot < span.slots:
                slots[slot] = refusals
    reasons.sort(key=lambda reason: (-reason.refusals, reason.code))
    return Refused(sum(reason.refusals for reason in reasons), before, tuple(slots), reasons)


def _values(span: Span) -> dict[str, int]:
    return {
        "begins": clock.minute_number(span.begins.timestamp()),
        "until": clock.minute_number(span.now.timestamp()),
        "back": int(span.back.total_seconds()) // 60,
        "minutes": 60 if span.by_hour else clock.MINUTES_PER_DAY,
    }
