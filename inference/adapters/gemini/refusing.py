"""What Gemini's errors mean: which of them the caller's request is to blame for."""

import re
from collections.abc import Mapping
from typing import Any

from .. import Refusal
from .candidates import objects

__all__ = ["refusal"]

_TOO_LONG = re.compile(
    r"exceeds? the maximum (number of tokens|token count)|exceeds the maximum.{0,40}context", re.I
)
_SECONDS = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,9})?)s")
# Of what Gemini calls an invalid argument, this is not the caller's: a bad key of ours, a field that our own
# translation should not have sent, a signature that another provider's turn of the chat could not have.
_NOT_THEIRS = re.compile(
    r"api[ _]key|unknown name|cannot find field|thought.?signature|not enabled for this model", re.I
)


def refusal(status: int, said: Mapping[str, Any]) -> Refusal:
    """Return whose fault an answer of 4xx is; everything but an invalid argument is ours or the provider's."""
    if status == 413:
        return Refusal(callers_fault=True)
    error = said.get("error")
    if status != 400 or not isinstance(error, dict):
        return Refusal(callers_fault=False, retry_after=_wait(error))
    message = str(error.get("message", ""))
    if error.get("status") not in ("INVALID_ARGUMENT", "OUT_OF_RANGE") or _not_theirs(error, message):
        return Refusal(callers_fault=False)
    return Refusal(callers_fault=True, code="context_length_exceeded" if _TOO_LONG.search(message) else "")


def _wait(error: Any) -> float | None:
    """Return the seconds that a RetryInfo among the details asks for, such as "7.5s"."""
    details = objects(error.get("details")) if isinstance(error, dict) else []
    delays = [str(detail["retryDelay"]) for detail in details if "retryDelay" in detail]
    return next((float(found[1]) for delay in delays if (found := _SECONDS.fullmatch(delay))), None)


def _not_theirs(error: Mapping[str, Any], message: str) -> bool:
    reasons = [str(detail.get("reason")) for detail in objects(error.get("details"))]
    return any("API_KEY" in reason for reason in reasons) or bool(_NOT_THEIRS.search(message))
