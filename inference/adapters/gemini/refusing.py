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
# Of what Gemini calls an invalid argument, this is not the caller's: a bad key of ours, a field that our own
# translation should not have sent, a signature that another provider's turn of the chat could not have.
_NOT_THEIRS = re.compile(
    r"api[ _]key|unknown name|cannot find field|thought.?signature|not enabled for this model", re.I
)


def refusal(status: int, said: Mapping[str, Any]) -> Refusal:
    """Return whose fault an answer of 4xx is; everything but an invalid argument is ours or the provider's."""
    if status == 413:
        return Refusal(callers_fault=True)
    if status != 400:
        return Refusal(callers_fault=False)
    error = said.get("error")
    if not isinstance(error, dict):
        return Refusal(callers_fault=False)
    message = str(error.get("message", ""))
    if error.get("status") not in ("INVALID_ARGUMENT", "OUT_OF_RANGE") or _not_theirs(error, message):
        return Refusal(callers_fault=False)
    return Refusal(callers_fault=True, code="context_length_exceeded" if _TOO_LONG.search(message) else "")


def _not_theirs(error: Mapping[str, Any], message: str) -> bool:
    reasons = [str(detail.get("reason")) for detail in objects(error.get("details"))]
    return any("API_KEY" in reason for reason in reasons) or bool(_NOT_THEIRS.search(message))
