"""Legs to vary: a model at an upstream, at a price, asked for a short chat."""

import dataclasses
from datetime import UTC, datetime
from typing import Any

import orjson

from catalog.pricing import Factor, RateCard
from catalog.snapshot import Hop, Offer, Price
from catalog.timetable import Timetable, Version
from inference.ask import ChatAsk, read_chat
from inference.legs import Leg

from .hops import ONE

CARD = RateCard(1, {"input": ((0, 2_000_000),), "output": ((0, 8_000_000),)})
OFFER = Offer(
    model_id=1,
    public_id="route/one",
    aliases=(),
    name="One",
    author="test",
    description="",
    capability="chat",
    tier="free",
    context_length=100_000,
    max_output_tokens=1_000,
    input_modalities=("text",),
    output_modalities=("text",),
    supported_parameters=(),
    tokenizer="",
    instruct_type="",
    truncates=False,
    created=0,
    chain_id=1,
    hops=(),
    prices=Timetable((Version(CARD, datetime(2025, 1, 1, tzinfo=UTC)),)),
    costs={},
)


def asked(**fields: Any) -> ChatAsk:
    """Return a chat of one message."""
    return read_chat(orjson.dumps({"model": "m", "messages": [{"role": "user", "content": "Hi"}], **fields}))


def leg(hop: Hop = ONE, *, factors: tuple[Factor, ...] = (), own_key: str | None = None, **offer: Any) -> Leg:
    """Return a leg at a hop."""
    return Leg(
        offer=dataclasses.replace(OFFER, **offer),
        hop=hop,
        price=Price(CARD, factors),
        cost=None,
        weight=1,
        ask=asked(),
        max_tokens=100,
        held_tokens=100,
        own_key=own_key,
    )


def at(slug: str, **facts: Any) -> Hop:
    """Return a hop of a provider of that name; its numbers follow from the name."""
    number = sum(ord(letter) * 128**place for place, letter in enumerate(slug))
    return dataclasses.replace(ONE, provider=slug, provider_id=number, endpoint_id=number, **facts)
