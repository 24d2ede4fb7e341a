"""A message, from Anthropic's own client to the usage event."""

from typing import Any

import anthropic
import pytest
from anthropic.types import MessageParam, ToolParam

from tests.fakes.caller import Heard, call
from tests.fakes.cast import RATES, Customer, customer, model
from tests.fakes.gateway import Gateway

pytestmark = pytest.mark.usefixtures("committed")

ASKED: list[MessageParam] = [{"role": "user", "content": "What is a rate limiter?"}]
TOOL: ToolParam = {
    "name": "weather",
    "description": "Look at the sky.",
    "input_schema": {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]},
}


def sdk(gateway: Gateway, who: Customer, *, base: str | None = None) -> anthropic.Anthropic:
    root = gateway.base_url.removesuffix("/v1") if base is None else base
    return anthropic.Anthropic(base_url=root, api_key=who.secret, max_retries=0, timeout=20)


def ready(gateway: Gateway, *hops: tuple[str, str], **terms: Any) -> tuple[Customer, str]:
    who, name = customer(**terms), model(*hops)
    gateway.knows(who.secret, name)
    return who, name


def post(gateway: Gateway, who: Customer, body: object, *, path: str = "/messages", **more: str) -> Heard:
    return call(gateway.base_url, path, body, headers={"X-API-Key": who.secret, **more}, patience_s=30)


def cost_of(event: dict[str, int]) -> int:
    classes = ("input", "cached", "output", "reasoning")
    return (sum(event[f"{name}_tokens"] * RATES[name] for name in classes) + 500) // 1000


def test_is_answered_and_charged_to_the_nano(gateway: Gateway, sandbox: str) -> None:
    who, name = ready(gateway, (sandbox, "words"))
    with sdk(gateway, who) as client:
        raw = client.messages.with_raw_response.create(model=name, messages=ASKED, max_tokens=500)
    reply, booked = raw.parse(), who.event(raw.headers["x-request-id"])
    assert (reply.id, reply.model, reply.role) == (f"msg_{booked['request_id'].hex}", name, "assistant")
    (block,) = reply.content
    assert block.type == "text"
    assert block.text
    assert (reply.stop_reason, reply.stop_sequence) == ("end_turn", None)
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (
        booked["input_tokens"],
        booked["output_tokens"],
    )
    assert booked["cost"] == cost_of(booked) > 0
    assert reply.model_extra == {"credits_charged": booked["cost"] / 1e9}
    assert who.account()["unbilled"] == booked["cost"]


def test_is_streamed_as_the_same_message(gateway: Gateway, sandbox: str) -> None:
    who, name = ready(gateway, (sandbox, "words"))
    with sdk(gateway, who) as client:
        whole = client.messages.create(model=name, messages=ASKED, max_tokens=500)
        with client.messages.stream(model=name, messages=ASKED, max_tokens=500) as told:
            kinds = [each.type for each in told]
            streamed = told.get_final_message()
    wanted = {**whole.to_dict(), "id": streamed.id}
    del wanted["credits_charged"]  # the client keeps no extra field of the last event
    assert streamed.to_dict() == wanted
    assert kinds[0] == "message_start"
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    booked = who.events()[-1]
    assert (booked["status"], booked["stream"]) == ("ok", True)
    assert (streamed.usage.input_tokens, streamed.usage.output_tokens) == (
        booked["input_tokens"],
        booked["output_tokens"],
    )
    assert booked["cost"] == cost_of(booked) > 0
