"""How much a model should think: three ways of asking for it, and the four that upstreams understand."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import Failure

__all__ = ["EFFORTS", "FIELDS", "THINKING", "Wanted", "asked", "written"]

FIELDS = ("reasoning_effort", "reasoning", "thinking")
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
THINKING = ("enabled", "disabled", "adaptive")
# Tokens of thinking for an effort, where an upstream wants a budget.
_BUDGETS = {"minimal": 1024, "low": 2000, "medium": 8000, "high": 20_000, "xhigh": 32_000, "max": 64_000}
_OWN = {"effort": "reasoning_effort", "reasoning": "reasoning", "thinking": "thinking"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked: thinking or not, and how much as an effort or as a budget in tokens."""

    enabled: bool
    effort: str | None = None
    budget: int | None = None

    @property
    def as_effort(self) -> str | None:
        """The effort that was asked for or is nearest to the budget; None where the model may decide."""
        if not self.enabled:
            return "none"
        if self.effort is not None or self.budget is None:
            return self.effort
        return next((name for name, most in _BUDGETS.items() if self.budget <= most), "max")

    @property
    def as_budget(self) -> int | None:
        """The budget that was asked for or stands for the effort, in tokens."""
        return self.budget if self.budget is not None else _BUDGETS.get(self.effort or "")


def asked(body: Mapping[str, Any]) -> Wanted | None:
    """Return what a body asks for, or None if it leaves it to the model.

    Raises Failure naming the field that is wrong, or two that contradict each other.
    """
    readers = {"reasoning_effort": _effort, "reasoning": _reasoning, "thinking": _thinking}
    found = {name: read(body[name]) for name, read in readers.items() if body.get(name) is not None}
    if len({wanted.enabled for wanted in found.values()}) > 1:
        raise _invalid(" and ".join(found), "contradict each other")
    return next(iter(found.values()), None)


def written(body: dict[str, Any], style: str) -> dict[str, Any]:
    """Return a body that asks for thinking as an upstream of this style reads it.

    Styles: "effort" (OpenAI), "reasoning" (OpenRouter), "thinking" (DeepSeek, GLM, Anthropic), "enable_thinking"
    (Qwen), "none" (takes no such field). What is in the upstream's own words already stays as it is.
    """
    given = [name for name in FIELDS if body.get(name) is not None]
    if not given or given == [_OWN.get(style)]:
        return body
    wanted = asked(body)
    rest = {name: value for name, value in body.items() if name not in FIELDS}
    return rest | (_fields(wanted, style) if wanted else {})


def _fields(wanted: Wanted, style: str) -> dict[str, Any]:
    effort, budget = wanted.as_effort, wanted.as_budget if wanted.enabled else None
    if style == "effort":
        return {"reasoning_effort": effort} if effort else {}
    if style == "reasoning":
        if not wanted.enabled:
            return {"reasoning": {"enabled": False}}
        amount = {"max_tokens": wanted.budget} if wanted.budget is not None else {"effort": effort}
        return {"reasoning": amount if any(amount.values()) else {"enabled": True}}
    if style == "thinking":
        kind = {"type": "enabled" if wanted.enabled else "disabled"}
        return {"thinking": {**kind, "budget_tokens": budget} if budget else kind}
    if style == "enable_thinking":
        switch: dict[str, Any] = {"enable_thinking": wanted.enabled}
        return {**switch, "thinking_budget": budget} if budget else switch
    return {}


def _effort(value: Any) -> Wanted:
    return _by_effort(value, "reasoning_effort")


def _by_effort(value: Any, name: str) -> Wanted:
    if value not in EFFORTS:
        raise _invalid(name, f"must be one of {', '.join(EFFORTS)}")
    return Wanted(value != "none", effort=value if value != "none" else None)


def _reasoning(value: Any) -> Wanted:
    if not isinstance(value, dict):
        raise _invalid("reasoning", "must be an object")
    enabled = value.get("enabled")
    if enabled is not None and not isinstance(enabled, bool):
        raise _invalid("reasoning.enabled", "must be true or false")
    by_effort = _by_effort(value["effort"], "reasoning.effort") if value.get("effort") is not None else None
    if value.get("max_tokens") is not None:
        return Wanted(enabled is not False, budget=_tokens(value["max_tokens"], "reasoning.max_tokens"))
    if by_effort is not None:
        return Wanted(False) if enabled is False else by_effort
    return Wanted(enabled is not False)


def _thinking(value: Any) -> Wanted:
    if not isinstance(value, dict) or value.get("type") not in THINKING:
        raise _invalid("thinking", "must be an object whose type is enabled, disabled or adaptive")
    budget = value.get("budget_tokens")
    return Wanted(
        value["type"] != "disabled",
        budget=_tokens(budget, "thinking.budget_tokens") if budget is not None else None,
    )


def _tokens(value: Any, name: str) -> int:
    if type(value) is not int or not 1 <= value <= 2**31 - 1:
        raise _invalid(name, f"must be a whole number from 1 to {2**31 - 1}")
    return value


def _invalid(name: str, wanted: str) -> Failure:
    return Failure("VALIDATION_ERROR", f"{name} {wanted}.", param=name)
