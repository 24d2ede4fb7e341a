"""How each generation of Claude is asked to think, or not to; other models are asked as the oldest of them.

Sources, as of November 2026: platform.claude.com/docs, "Thinking", "Effort", and the migration guides to Opus 4.7,
Fable 5, Opus 5.5 and Sonnet 5.5.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ... import reasoning
from .. import Unsupported

__all__ = ["Manner", "manner_of", "thinking_of"]

LEAST_BUDGET = 1024
UNSAID_BUDGET = 8000
_DISPLAYS = ("summarized", "omitted")
_NAME = re.compile(
    r"claude-(?:(?P<family>opus|sonnet|haiku|fable|mythos)-)?(?:(?P<major>\d{1,2})(?!\d)(?:[-.](?P<minor>\d{1,2})(?!\d))?)?"
)

Off = Literal["unsaid", "disabled", "between_tools", "never"]


@dataclass(frozen=True, slots=True)
class Manner:
    """What a model takes: thinking by itself or by a budget, temperatures, how it is switched off, forced calls."""

    adaptive: bool
    samples: bool
    off: Off = "unsaid"
    forces: bool = True
    efforts: tuple[str, ...] = ("low", "medium", "high", "xhigh", "max")


_BY_BUDGET = Manner(adaptive=False, samples=True)


def manner_of(model: str) -> Manner:
    """Return the manner of a model by its name at the upstream; a Claude that is not known is one of the newest."""
    found = _NAME.search(model.lower())
    if found is None:
        return _BY_BUDGET
    family, version = found["family"], (int(found["major"] or 99), int(found["minor"] or 0))
    if family in ("fable", "mythos"):
        return Manner(adaptive=True, samples=False, off="never", forces=version < (5, 1))
    if version >= (5, 5):
        if family == "opus":
            return Manner(adaptive=True, samples=False, off="never", forces=False)
        if family == "sonnet":
            return Manner(adaptive=True, samples=False, off="between_tools", forces=False)
    if version >= (5, 0):
        return Manner(adaptive=True, samples=False, off="disabled")
    if version >= (4, 7):
        return Manner(adaptive=True, samples=False)
    if version >= (4, 6):
        most = ("max",) if family == "opus" else ()
        return Manner(adaptive=True, samples=True, efforts=("low", "medium", "high", *most))
    return _BY_BUDGET


def thinking_of(
    body: Mapping[str, Any], manner: Manner, *, max_tokens: int, forced: bool, resumes_unsigned: bool
) -> dict[str, Any]:
    """Return the fields that ask for as much thinking as a chat does.

    `forced` tells that a tool must be called, which rules thinking out; `resumes_unsigned` that the turn under way has
    lost its signed beginning, without which thinking by a budget is refused. Raises Unsupported.
    """
    wanted = reasoning.asked(body)
    if forced and not manner.forces:
        raise Unsupported(
            "tool_choice", "This model thinks before it calls, and cannot be made to call a tool."
        )
    if forced or (wanted is not None and not wanted.enabled):
        return _off(manner)
    if wanted is None:
        return {}
    if manner.adaptive:
        return _adaptive(body, manner, wanted.as_effort)
    budget = _budget(wanted.as_budget or UNSAID_BUDGET, max_tokens)
    if resumes_unsigned or not budget:
        return {}
    return {"thinking": {"type": "enabled", "budget_tokens": budget, **_display(body)}}


def _off(manner: Manner) -> dict[str, Any]:
    if manner.off == "unsaid":
        return {}
    if manner.off == "never":
        return {"output_config": {"effort": "low"}}  # the least that it can do
    return {"thinking": {"type": manner.off}}


def _adaptive(body: Mapping[str, Any], manner: Manner, effort: str | None) -> dict[str, Any]:
    # Unless it is told otherwise the newest show no word of their thinking.
    fields: dict[str, Any] = {"thinking": {"type": "adaptive", "display": "summarized", **_display(body)}}
    if effort is not None:
        given = "low" if effort == "minimal" else effort
        fields["output_config"] = {"effort": given if given in manner.efforts else "high"}
    return fields


def _display(body: Mapping[str, Any]) -> dict[str, Any]:
    thinking = body.get("thinking")
    display = thinking.get("display") if isinstance(thinking, dict) else None
    return {"display": display} if display in _DISPLAYS else {}


def _budget(wanted: int, max_tokens: int) -> int:
    """Return a budget that leaves room for an answer, in tokens; 0 where there is none for thinking."""
    if max_tokens <= LEAST_BUDGET:
        return 0
    most = max_tokens - 1 if wanted < max_tokens else max_tokens * 3 // 4
    return max(LEAST_BUDGET, min(wanted, most))
