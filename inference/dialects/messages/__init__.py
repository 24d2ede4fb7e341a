"""Anthropic's Messages over upstreams that speak chat completions: how they are asked, answered and streamed."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson

from ...ask import ChatAsk
from .. import Measured, Told
from ..chat import CHAT
from . import answering, asking
from .voice import MessagesVoice

__all__ = ["MESSAGES", "Messages"]


class Messages:
    """The dialect of /messages."""

    name = "anthropic"
    capability = "chat"
    path = "/chat/completions"

    def read(self, raw: bytes) -> ChatAsk:
        """Read the body of a request for a message. Raises Failure."""
        return asking.read(raw)

    def accepts(self, ask: ChatAsk, answer: Mapping[str, Any]) -> bool:
        """Tell whether there are choices in it."""
        return CHAT.accepts(ask, answer)

    def measure(self, ask: ChatAsk, answer: Mapping[str, Any], *, output_bound: int) -> Measured:
        """Return what the answer used: the upstream's figures where they are possible, else our count."""
        return CHAT.measure(ask, answer, output_bound=output_bound)

    def whole(self, ask: ChatAsk, answer: dict[str, Any], told: Told) -> bytes:
        """Return the answer as a message."""
        return orjson.dumps(answering.message(answer, told, stops=ask.body.get("stop", ())))

    def voice(self, ask: ChatAsk, request_id: UUID, model: str) -> MessagesVoice:
        """Return what writes a stream."""
        return MessagesVoice(
            request_id,
            model,
            input_tokens=asking.prompt_tokens(ask),
            stops=ask.body.get("stop", ()),
        )


MESSAGES = Messages()
