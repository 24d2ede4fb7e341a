"""How a request is let in: caps, slot and hold in one step, and the words for a refusal."""

import dataclasses
import math
from collections.abc import Iterator
from uuid import UUID

from billing import admission
from billing.admission import Granted, Refused
from billing.gate import Gate, Unavailable
from catalog.pricing import factors_text
from kernel import clock, money

from . import tokens
from .deal import Deal
from .dialects import Ask
from .errors import Failure

__all__ = ["admit", "wishes", "worded", "worth_counting"]

_SHORT_OF_CREDIT = ("INSUFFICIENT_CREDITS", "CREDITS_HELD")
_MARGIN = 1.2
_HELD_SECONDS = 5
_WINDOWS = {
    "MINUTE_REQUEST_LIMIT_EXCEEDED": "minute",
    "HOURLY_REQUEST_LIMIT_EXCEEDED": "hour",
    "DAILY_REQUEST_LIMIT_EXCEEDED": "day",
}


async def admit(gate: Gate, request_id: UUID, deal: Deal, *, tag: str) -> tuple[Granted, int]:
    """Take what a request needs, all or nothing, and return the admission and its hold in nano-USD.

    Raises Failure for a refusal.
    """
    for wish in wishes(request_id, deal, tag=tag):
        try:
            return await gate.admit(wish), wish.hold
        except Unavailable as error:
            raise Failure("UNAVAILABLE", "Requests cannot be admitted right now.", retry_after=2) from error
        except Refused as refused:
            last = refused
            if not worth_counting(refused):
                break
    raise worded(last) from last


def wishes(request_id: UUID, deal: Deal, *, tag: str) -> Iterator[admission.Ask]:
    """Yield what a request would take, then the same with a smaller hold, for where credit is short.

    The first hold is for the bytes of the prompt, the second for its tokens, which take time to count.
    """
    wide = _wish(request_id, deal, tag=tag)
    yield wide
    yield dataclasses.replace(wide, hold=deal.hold(_counted))


def _counted(ask: Ask) -> int:
    return math.ceil(tokens.count([ask.prompt_text()])[0] * _MARGIN) + ask.prompt_extra


def worth_counting(refused: Refused) -> bool:
    """Tell whether a smaller hold could still be taken."""
    return refused.code in {*_SHORT_OF_CREDIT, "KEY_BUDGET_EXCEEDED"}


def worded(refused: Refused) -> Failure:
    """Return a refusal in the words its caller reads."""
    code = refused.code
    if code in _WINDOWS and refused.resets_at is not None:
        wait = math.ceil((refused.resets_at - clock.now()).total_seconds())
        return Failure(
            code,
            f"The limit of {refused.limit} requests per {_WINDOWS[code]} is reached: {refused.used} used,"
            f" resets at {refused.resets_at:%Y-%m-%dT%H:%M:%SZ}.",
            retry_after=wait,
        )
    if code == "CONCURRENT_STREAM_LIMIT_EXCEEDED":
        return Failure(code, f"All {refused.limit} streams of this workspace are in use.", retry_after=1)
    if code in _SHORT_OF_CREDIT:
        return _short(refused)
    if code == "KEY_BUDGET_EXCEEDED":
        return _beyond(refused)
    if code == "WORKSPACE_SUSPENDED":
        return Failure(code, "This workspace is suspended.")
    return Failure(code, "This request may not run now.")


def _wish(request_id: UUID, deal: Deal, *, tag: str) -> admission.Ask:
    terms, first = deal.terms, deal.first
    return admission.Ask(
        request_id=request_id,
        workspace_id=deal.caller.workspace_id,
        api_key_id=deal.caller.api_key_id,
        model_id=first.offer.model_id,
        chain_id=first.offer.chain_id,
        price_version_id=first.price.card.version_id,
        multipliers=factors_text(first.price.factors),
        hold=deal.hold(lambda ask: ask.prompt_bound),
        weight=deal.weight,
        stream=first.ask.stream,
        tag=tag,
        minute_cap=terms.minute_cap,
        hour_cap=terms.hour_cap,
        day_cap=terms.day_cap,
        stream_cap=terms.stream_cap,
    )


def _beyond(refused: Refused) -> Failure:
    limit, used, required = (money.show(nano) for nano in (refused.limit, refused.used, refused.required))
    renews = f" It renews at {refused.resets_at:%Y-%m-%dT%H:%M:%SZ}." if refused.resets_at else ""
    wait = math.ceil((refused.resets_at - clock.now()).total_seconds()) if refused.resets_at else None
    return Failure(
        refused.code,
        f"The budget of this key is ${limit}, of which ${used} is spent or held; this request may cost"
        f" ${required}.{renews}",
        retry_after=wait,
    )


def _short(refused: Refused) -> Failure:
    required, available = money.show(refused.required), money.show(refused.available)
    shortfall = money.show(refused.required - refused.available)
    if refused.code == "CREDITS_HELD":
        return Failure(
            refused.code,
            f"Running requests hold ${money.show(refused.held)} of the credit: required ${required},"
            f" available ${available}, shortfall ${shortfall}. Try again when they have ended.",
            retry_after=_HELD_SECONDS,
        )
    return Failure(
        refused.code,
        f"Insufficient credits for this request: required ${required}, available ${available},"
        f" shortfall ${shortfall}.",
    )
