"""The hub as its clients speak to it: the root of a gateway, the margin that every database is made with, its streams."""

from typing import Any

from kernel import money
from tests.fakes.caller import Heard, call
from tests.fakes.cast import RATES, Customer, customer, model
from tests.fakes.exchange import Told, ask
from tests.fakes.gateway import Gateway

__all__ = ["ASKED", "CODER", "PER_USD", "asks", "at", "costs", "ready", "root"]

PER_USD = 1000
ASKED = [{"role": "user", "content": "What is a rate limiter?"}]
CODER: dict[str, Any] = {"supported_parameters": ["tools"]}


def root(gateway: Gateway) -> str:
    return gateway.base_url.removesuffix("/v1")


def ready(gateway: Gateway, *hops: tuple[str, str], **facts: Any) -> tuple[Customer, str]:
    who, name = customer(), model(*hops, **{**CODER, **facts})
    gateway.knows(who.secret, name)
    return who, name


def asks(gateway: Gateway, who: Customer, path: str, **fields: Any) -> Heard:
    """POST a chat; `headers` replace the key."""
    headers = fields.pop("headers", {"X-Api-Key": who.secret})
    return call(root(gateway), path, {"messages": ASKED, **fields}, headers=headers, patience_s=30)


def at(gateway: Gateway, path: str, method: str = "GET", **headers: str) -> Told:
    return ask(method, root(gateway) + path, headers=headers)


def costs(booked: dict[str, int]) -> int:
    """Return what an event costs by the list and the margin, in nano-USD."""
    pico = sum(booked[f"{name}_tokens"] * rate for name, rate in RATES.items())
    return money.half_up(pico * 14, 10 * money.PICO_PER_NANO)
