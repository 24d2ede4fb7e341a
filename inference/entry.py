"""How a request is let in: caps, slot and hold in one step, and the words for a refusal."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

from billing import admission
from billing.admission import Granted, Refused
from billing.gate import Gate, Unavailable
from kernel import clock, money

from . import tokens
from .deal import Deal
from .dialects import Ask
from .errors import Failure

__all__ = ["Admitted", "Wish", "admit", "narrow", "wide", "worded", "worth_counting"]

_SHORT_OF_CREDIT = ("INSUFFICIENT_CREDITS", "CREDITS_HELD")
_MARGIN = 1.2
_SHARE = 4
"""Of an answer whose length nobody limited: one that comes whole holds at most this part of what is available."""
_HELD_SECONDS = 5
_WINDOWS = {
    "MINUTE_REQUEST_LIMIT_EXCEEDED": "minute",
    "HOURLY_REQUEST_LIMIT_EXCEEDED": "hour",
    "DAILY_REQUEST_LIMIT_EXCEEDED": "day",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request would take, and the deal it would run on then."""

    taking: admission.Ask
    deal: Deal


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that was let in: its admission, its hold in nano-USD, and the deal it runs on."""

    granted: Granted
    hold: int
    deal: Deal


async def admit(gate: Gate, request_id: UUID, deal: Deal, *, tag: str) -> Admitted:
    """Take what a request needs, all or nothing. Raises Failure for a refusal.

    A stream that named no limit is asked for no more than can be paid for now; its hold grows while it writes.
    """
    wish = wide(request_id, deal, tag=tag)
    try:
        granted = await _take(gate, wish)
    except Refused as refused:
        if not worth_counting(refused):
            raise worded(refused) from refused
        wish = narrow(wish, refused)
        try:
            granted = await _take(gate, wish)
        except Refused as again:
            raise worded(again) from again
    hold, deal = wish.taking.hold, wish.deal
    if deal.first.ask.stream and deal.open_ended:
        deal = deal.limited(hold + max(0, granted.free), _bytes)
    return Admitted(granted, hold, deal)


async def _take(gate: Gate, wish: Wish) -> Granted:
    try:
        return await gate.admit(wish.taking)
    except Unavailable as error:
        raise Failure("UNAVAILABLE", "Requests cannot be admitted right now.", retry_after=2) from error


def wide(request_id: UUID, deal: Deal, *, tag: str) -> Wish:
    """Return what a request would take first: its hold is for the bytes of its prompt.

    Where no limit was named and the answer comes whole, it is for all that the model can write, if that is no more
    than a quarter of what there is.
    """
    whole = deal.open_ended and not deal.first.ask.stream
    taking = _taking(request_id, deal, tag=tag, hold=deal.hold(_bytes, whole=whole))
    return Wish(replace(taking, share=_SHARE) if whole else taking, deal)


def narrow(wish: Wish, refused: Refused) -> Wish:
    """Return what a request would take where credit is short: for the tokens of its prompt, which take time to count.

    Where no limit was named and the answer comes whole, the most that it may have is what a quarter of the credit
    buys, at least the plan's usual; that is asked of the upstream, so it is true.
    """
    deal = wish.deal
    counted = _counting()
    whole = wish.taking.share > 1
    if whole:
        deal = deal.limited(max(0, refused.available) // _SHARE, counted)
    return Wish(replace(wish.taking, hold=deal.hold(counted, whole=whole), share=1), deal)


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


def _bytes(ask: Ask) -> int:
    return ask.prompt_bound


def _counting() -> Callable[[Ask], int]:
    known: dict[int, int] = {}

    def counted(ask: Ask) -> int:
        if id(ask) not in known:
            written = tokens.count([ask.prompt_text()])[0]
            known[id(ask)] = math.ceil(written * _MARGIN) + ask.prompt_extra
        return known[id(ask)]

    return counted


def _taking(request_id: UUID, deal: Deal, *, tag: str, hold: int) -> admission.Ask:
    terms, first = deal.terms, deal.first
    return admission.Ask(
        request_id=request_id,
        workspace_id=deal.caller.workspace_id,
        api_key_id=deal.caller.api_key_id,
        model_id=first.offer.model_id,
        chain_id=first.offer.chain_id,
        price_version_id=first.price.card.version_id,
        multipliers=first.price.factors_text,
        hold=hold,
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
