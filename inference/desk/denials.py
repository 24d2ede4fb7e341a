"""How a refusal is told: its code and words, the limit it met and when that resets, the credit it lacked."""

from datetime import datetime
from typing import Any

from billing.admission import Refused
from billing.refusals import Refusal
from kernel import clock, money

from ..errors import TABLE, Failure
from .figures import moment

__all__ = ["foreseen", "kept"]

_LIMITS = {
    "MINUTE_REQUEST_LIMIT_EXCEEDED": "minute",
    "HOURLY_REQUEST_LIMIT_EXCEEDED": "hour",
    "DAILY_REQUEST_LIMIT_EXCEEDED": "day",
    "CONCURRENT_STREAM_LIMIT_EXCEEDED": "streams",
}
_CREDIT = frozenset({"INSUFFICIENT_CREDITS", "CREDITS_HELD"})


def kept(refusal: Refusal) -> dict[str, Any]:
    """Return why a request was refused, as it was then."""
    limit = _limit(refusal.code, refusal.cap, refusal.used, refusal.resets_at, weight=refusal.weight)
    credit = _credit(refusal.code, refusal.required, refusal.available, refusal.held)
    budget = _budget(refusal.code, refusal.cap, refusal.used, refusal.required, refusal.resets_at)
    return {**_words(refusal.code, refusal.message), "limit": limit, "credit": credit, "budget": budget}


def foreseen(failure: Failure, refused: Refused | None, *, weight: int) -> dict[str, Any]:
    """Return why a request would be refused now; `refused` is what admission would say, if it came that far."""
    limit = credit = budget = None
    if refused is not None:
        limit = _limit(refused.code, refused.limit, refused.used, refused.resets_at, weight=weight)
        credit = _credit(refused.code, refused.required, refused.available, refused.held)
        budget = _budget(refused.code, refused.limit, refused.used, refused.required, refused.resets_at)
    return {**_words(failure.code, failure.message), "limit": limit, "credit": credit, "budget": budget}


def _words(code: str, message: str) -> dict[str, Any]:
    kind = TABLE[code]
    return {"status": kind.status, "code": code, "message": message, "retryable": kind.retry}


def _limit(
    code: str, cap: int, used: int, resets_at: datetime | None, *, weight: int
) -> dict[str, Any] | None:
    if code not in _LIMITS:
        return None
    wait = max(0, round((resets_at - clock.now()).total_seconds())) if resets_at is not None else None
    return {
        "window": _LIMITS[code],
        "limit": cap,
        "used": used,
        "remaining": max(0, cap - used),
        "weight": 1 if _LIMITS[code] == "streams" else weight,
        "resets_at": moment(resets_at) if resets_at is not None else None,
        "seconds_left": wait,
    }


def _credit(code: str, required: int, available: int, held: int) -> dict[str, str] | None:
    if code not in _CREDIT:
        return None
    return {
        "required": money.show(required),
        "available": money.show(available),
        "held": money.show(held),
        "shortfall": money.show(required - available),
    }


def _budget(
    code: str, limit: int, used: int, required: int, resets_at: datetime | None
) -> dict[str, Any] | None:
    if code != "KEY_BUDGET_EXCEEDED":
        return None
    return {
        "limit": money.show(limit),
        "used": money.show(used),
        "remaining": money.show(max(0, limit - used)),
        "required": money.show(required),
        "resets_at": moment(resets_at) if resets_at is not None else None,
    }
