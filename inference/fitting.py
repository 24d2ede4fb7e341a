"""Whether a prompt fits a model's context, and which messages stay when the caller wants it cut to fit."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from . import tokens
from .ask import ChatAsk, chat_ask, invalid, text_of
from .deal import Deal
from .errors import Failure, too_long
from .legs import Leg

__all__ = ["TRUNCATE", "Cut", "fit", "wants_truncation", "within"]

TRUNCATE = "truncate"
_SYSTEM = ("system", "developer")


@dataclass(frozen=True, slots=True)
class Cut:
    """A chat that fits, how many messages were dropped for it, and the tokens left for the answer."""

    ask: ChatAsk
    dropped: int
    room: int


async def within(deal: Deal) -> Deal:
    """Return a deal whose legs all fit: each with no more output than there is room for, and cut where that is wished.

    Raises Failure if the request fits none.
    """
    fitted: dict[tuple[int, int], Cut | Failure] = {}
    legs: list[Leg] = []
    for leg in deal.legs:
        chat = leg.ask.chat
        context = leg.offer.context_length
        # A wish that cannot be read is refused whether it matters or not: the same request may be longer tomorrow.
        truncating = chat is not None and wants_truncation(chat.body, by_default=leg.offer.truncates)
        if chat is None or chat.prompt_bound + leg.held_tokens <= context:
            legs.append(_with_room(leg, context - chat.prompt_bound if chat is not None else leg.max_tokens))
            continue
        key = (leg.offer.model_id, leg.held_tokens)
        if key not in fitted:
            fitted[key] = await _cut(leg, chat, context, truncating)
        cut = fitted[key]
        if isinstance(cut, Cut):
            legs.append(_shortened(leg, chat, cut))
    if not legs:
        raise next(found for found in fitted.values() if isinstance(found, Failure))
    return deal if tuple(legs) == deal.legs else replace(deal, legs=tuple(legs))


async def _cut(leg: Leg, chat: ChatAsk, context: int, truncating: bool) -> Cut | Failure:
    # Counting a prompt of megabytes takes a while; the process serves others meanwhile.
    try:
        return await asyncio.to_thread(
            fit, chat, context=context, reserved=min(leg.held_tokens, context - 1), truncating=truncating
        )
    except Failure as failure:
        failure.param = leg.ask.prompt_field
        return failure


def _shortened(leg: Leg, chat: ChatAsk, cut: Cut) -> Leg:
    ask = leg.ask
    if cut.ask is not chat:
        ask = cut.ask if ask is chat else replace(ask, chat=cut.ask)  # type: ignore[type-var]
    # Nearly full: providers count a little more than we do, so no more is asked for than is held for at first.
    room = min(leg.held_tokens, cut.room)
    return replace(leg, ask=ask, max_tokens=room, held_tokens=room, dropped=cut.dropped)


def _with_room(leg: Leg, room: int) -> Leg:
    return leg if leg.max_tokens <= room else replace(leg, max_tokens=room)


def wants_truncation(body: Mapping[str, Any], *, by_default: bool) -> bool:
    """Tell whether messages may be dropped: as the request's transforms say, else as the model does by default.

    Raises Failure if transforms is neither absent nor a list with nothing but "truncate".
    """
    given = body.get("transforms")
    if given is None:
        return by_default
    if not isinstance(given, list) or any(name != TRUNCATE for name in given):
        raise invalid("transforms", f'transforms must be a list that is empty or holds "{TRUNCATE}".')
    return bool(given)


def fit(ask: ChatAsk, *, context: int, reserved: int, truncating: bool) -> Cut:
    """Return a chat that fits a context of so many tokens.

    Without truncation a prompt fits as long as one token of output does; with it `reserved` tokens of output must.
    Raises Failure if it does not fit.
    """
    if ask.prompt_bound + reserved <= context:
        return Cut(ask, 0, reserved)
    length = _length(ask)
    if not truncating or length + reserved <= context:
        return Cut(ask, 0, _room(length, context))
    messages: list[dict[str, Any]] = ask.body["messages"]
    lengths = _lengths(messages)
    kept = _newest(messages, lengths, room=context - reserved - (length - sum(lengths)))
    body = {**ask.body, "messages": kept}
    shorter = chat_ask(body, size=len(orjson.dumps(body)), translated=ask.translated)
    return Cut(shorter, len(messages) - len(kept), _room(_length(shorter), context))


def _room(length: int, context: int) -> int:
    if length < context:
        return context - length
    raise Failure(
        "CONTEXT_LENGTH_EXCEEDED",
        too_long(context) + f" The prompt has about {length} tokens.",
        param="messages",
    )


def _length(ask: ChatAsk) -> int:
    return tokens.count([ask.prompt_text()])[0] + ask.prompt_extra


def _lengths(messages: list[dict[str, Any]]) -> list[int]:
    return [count + tokens.PER_MESSAGE for count in tokens.count([text_of(message) for message in messages])]


def _newest(messages: list[dict[str, Any]], lengths: list[int], *, room: int) -> list[dict[str, Any]]:
    """Return all system messages and the newest whole turns that fit, at least the last one."""
    kept = {number for number, message in enumerate(messages) if message["role"] in _SYSTEM}
    left = room - sum(lengths[number] for number in kept)
    for age, turn in enumerate(reversed(_turns(messages))):
        left -= sum(lengths[number] for number in turn)
        if age and left < 0:
            break
        kept.update(turn)
    return [message for number, message in enumerate(messages) if number in kept]


def _turns(messages: list[dict[str, Any]]) -> list[list[int]]:
    """Return the places of what may not be parted: each message, calls of tools together with their results."""
    turns: list[list[int]] = []
    for number, message in enumerate(messages):
        if message["role"] in _SYSTEM:
            continue
        if message["role"] != "tool" or not turns:
            turns.append([])
        turns[-1].append(number)
    return turns
