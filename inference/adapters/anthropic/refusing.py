"""What Anthropic's refusals mean: whether the caller's request is at fault, or our account, or their servers."""

from collections.abc import Mapping
from typing import Any

from .. import Refusal

__all__ = ["refusal"]

# 404 is not among them: a model that we sell and the provider does not know is our mistake or theirs.
_CALLERS_FAULT = frozenset((400, 413, 422))
_TOO_LONG = ("prompt is too long", "exceed context limit", "exceeds the context window")
# What our account lacks is told with the status of a request that is wrong.
_OUR_ACCOUNT = ("credit balance", "usage limits", "spend limit")


def refusal(status: int, said: Mapping[str, Any]) -> Refusal:
    """Return what an error means; `said` is its JSON body."""
    error = said.get("error")
    error = error if isinstance(error, dict) else {}
    text = error.get("message")
    words = text.lower() if isinstance(text, str) else ""
    if status not in _CALLERS_FAULT or error.get("type") == "billing_error":
        return Refusal(callers_fault=False)
    if status == 400 and any(sign in words for sign in _TOO_LONG):
        return Refusal(callers_fault=True, code="context_length_exceeded")
    return Refusal(callers_fault=not (status == 400 and any(sign in words for sign in _OUR_ACCOUNT)))
