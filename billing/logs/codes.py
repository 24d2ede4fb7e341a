"""How the codes of refusals are told to people: the status that the answer had, a word or two, and what follows."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["CODES", "Code", "code_of"]


@dataclass(frozen=True, slots=True)
class Code:
    """A code's HTTP status and its short name; `window` is the limit that it is about."""

    status: int
    short: str
    window: str = ""


CODES: Mapping[str, Code] = {
    "MINUTE_REQUEST_LIMIT_EXCEEDED": Code(429, "minute", "minute"),
    "HOURLY_REQUEST_LIMIT_EXCEEDED": Code(429, "hour", "hour"),
    "DAILY_REQUEST_LIMIT_EXCEEDED": Code(429, "day", "day"),
    "CONCURRENT_STREAM_LIMIT_EXCEEDED": Code(429, "streams", "streams"),
    "KEY_BUDGET_EXCEEDED": Code(429, "key budget"),
    "INSUFFICIENT_CREDITS": Code(402, "credit"),
    "CREDITS_HELD": Code(402, "held"),
    "MODEL_NOT_ALLOWED": Code(403, "model"),
    "WORKSPACE_SUSPENDED": Code(403, "suspended"),
    "INVALID_MODEL": Code(400, "no such model"),
    "VALIDATION_ERROR": Code(400, "invalid"),
    "CONTEXT_LENGTH_EXCEEDED": Code(400, "too long"),
}
"""Those with which a known workspace is refused; the statuses are those of the API."""


def code_of(code: str) -> Code:
    """Return how a code is told; one that is not known here is told as it is."""
    return CODES.get(code) or Code(0, code.replace("_", " ").lower())
