"""Why a request was not let in, as its people read it: what was used and what the cap is, and what would have passed."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from uuid import UUID

from billing import figures, refusals, statements
from billing.reach import Reach
from billing.refusals import Refusal
from billing.statements import Meter
from kernel import clock, money

from .codes import Code, code_of

__all__ = ["Pane", "refusal"]

_WINDOWS = ("minute", "hour", "day", "streams")
_OTHER = {
    "INVALID_MODEL": "Ask for one that the list of models has.",
    "VALIDATION_ERROR": "Mend what the answer names.",
    "CONTEXT_LENGTH_EXCEEDED": "Send a shorter prompt, ask for a shorter answer, or take a model with a longer context.",
    "MODEL_NOT_ALLOWED": "Use a key and a plan that the model is in.",
    "WORKSPACE_SUSPENDED": "Nothing passes until the workspace is active again.",
}


@dataclass(frozen=True, slots=True)
class Window:
    """One limit: as it was for the window that refused, as it is now for the others; `width` is percent of the cap."""

    name: str
    refused: bool
    used: int
    cap: int | None
    width: int
    resets: str


@dataclass(frozen=True, slots=True)
class Pane:
    """Everything that is told of a refusal."""

    refusal: Refusal
    code: Code
    said: str
    windows: tuple[Window, ...]
    passing: str
    alike: int

    @property
    def about_credit(self) -> bool:
        """Whether credit would have helped."""
        return self.code.status == 402


def refusal(workspace_id: int, request_id: UUID, *, reach: Reach, zone: tzinfo) -> Pane | None:
    """Return what is told of a workspace's refusal; None if it is not kept, another's, or out of reach."""
    found = refusals.find(workspace_id, request_id, reach=reach)
    if found is None:
        return None
    code = code_of(found.code)
    return Pane(
        refusal=found,
        code=code,
        said=_said(found, code, zone),
        windows=_windows(workspace_id, found, code, zone) if code.window else (),
        passing=_passing(found, code, zone),
        alike=refusals.count(found) - 1,
    )


def _said(found: Refusal, code: Code, zone: tzinfo) -> str:
    used, cap = figures.count(found.used), figures.count(found.cap)
    at = found.refused_at.astimezone(zone)
    weight = "" if found.weight == 1 else f" This one counts as {found.weight}."
    match code.window, found.code:
        case "streams", _:
            return f"Your workspace had {used} of {cap} streams open."
        case "minute", _:
            return (
                f"Your workspace had already used {used} of {cap} requests in the minute {at:%H:%M}.{weight}"
            )
        case "hour", _:
            return f"Your workspace had already used {used} of {cap} requests in the hour from {at:%H}:00.{weight}"
        case "day", _:
            return f"Your workspace had already used {used} of {cap} requests of the UTC day.{weight}"
        case _, "KEY_BUDGET_EXCEEDED":
            return (
                f"This request may cost up to {_usd(found.required)}. Its key has used {_usd(found.used)}"
                f" of its budget of {_usd(found.cap)}."
            )
        case _, "CREDITS_HELD" | "INSUFFICIENT_CREDITS":
            held = f", after {_usd(found.held)} that running requests hold" if found.held else ""
            return (
                f"This request may cost up to {_usd(found.required)}. You had {_usd(found.available)}{held}."
            )
        case _:
            return found.message


def _usd(nano: int) -> str:
    return f"${money.show(nano, decimals=2 if nano >= money.NANO_PER_CENT else 6)}"


def _windows(workspace_id: int, found: Refusal, code: Code, zone: tzinfo) -> tuple[Window, ...]:
    limits = statements.limits(workspace_id)
    then = Meter(found.used, found.cap, found.resets_at)
    return tuple(
        _window(name, then if name == code.window else getattr(limits, name), name == code.window, zone)
        for name in _WINDOWS
    )


def _window(name: str, meter: Meter, refused: bool, zone: tzinfo) -> Window:
    share = 0 if not meter.cap else min(100, meter.used * 100 // meter.cap)
    resets = "—" if meter.resets_at is None else f"{meter.resets_at.astimezone(zone):%H:%M:%S}"
    return Window(name.capitalize(), refused, meter.used, meter.cap, share, resets)


def _passing(found: Refusal, code: Code, zone: tzinfo) -> str:
    if found.code in _OTHER:
        return _OTHER[found.code]
    if code.window == "streams":
        return "The same request as soon as one of the open streams had ended."
    if found.code == "INSUFFICIENT_CREDITS":
        return f"The same request with {_usd(found.required - found.available)} more credit, or with a smaller max_tokens."
    if found.code == "CREDITS_HELD":
        return "The same request once running requests had ended and given back what they did not use, or with a smaller max_tokens."
    if found.resets_at is not None:
        return f"The same request from {_moment(found.resets_at, zone)} on."
    return "The same request after the limit was raised."


def _moment(at: datetime, zone: tzinfo) -> str:
    local = at.astimezone(zone)
    today = local.date() == clock.now().astimezone(zone).date()
    return f"{local:%H:%M:%S}" if today else f"{figures.day(local.date(), year=True)}, {local:%H:%M:%S}"
