"""The hub dialect: chats that stream small JSON objects, whole or with tools, paid in credits of the hub."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson

from ...ask import ChatAsk
from .. import Measured, Told
from ..chat import CHAT
from . import answering, asking
from .talk import Talk
from .voice import HubVoice

__all__ = ["NAME", "Hub", "Talk"]

NAME = "hub"


@dataclass(frozen=True, slots=True)
class Hub:
    """The dialect of /chat, and with `tools` that of /code; one is made for each request, as it belongs to a talk.

    `per_usd` is how many credits of the hub are one USD.
    """

    per_usd: int
    tools: bool = False
    talk: Talk = field(default_factory=Talk)

    name = NAME
    capability = "chat"
    path = "/chat/completions"

    def read(self, raw: bytes) -> ChatAsk:
        """Read the body of a chat. Raises Failure."""
        return asking.read(raw, with_tools=self.tools, earlier=self.talk.earlier)

    def accepts(self, ask: ChatAsk, answer: Mapping[str, Any]) -> bool:
        """Tell whether there are choices in it."""
        return CHAT.accepts(ask, answer)

    def measure(self, ask: ChatAsk, answer: Mapping[str, Any], *, output_bound: int) -> Measured:
        """Return what the answer used: the upstream's figures where they are possible, else our count."""
        return CHAT.measure(ask, answer, output_bound=output_bound)

    def whole(self, ask: ChatAsk, answer: dict[str, Any], told: Told) -> bytes:
        """Return the answer as one object."""
        text, calls = answering.said(answer, told.request_id)
        self.talk.answered(text, calls)
        return orjson.dumps(
            {
                "content": text,
                "tool_use": calls,
                **answering.closing(told, self.talk.name, self.per_usd),
            }
        )

    def voice(self, ask: ChatAsk, request_id: UUID, model: str) -> HubVoice:
        """Return what writes a stream."""
        return HubVoice(self.talk, request_id, model, per_usd=self.per_usd)
