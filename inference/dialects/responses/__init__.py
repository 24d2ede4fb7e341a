"""OpenAI's Responses, stateless: each request is translated into a chat, and the chat's answer back."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from .. import Measured, Told
from ..chat import CHAT
from . import answering, asking
from .asking import ResponsesAsk
from .voice import ResponsesVoice

__all__ = ["RESPONSES", "Responses"]


class Responses:
    """The dialect of /responses."""

    name = CHAT.name
    capability = CHAT.capability
    path = CHAT.path

    def read(self, raw: bytes) -> ResponsesAsk:
        """Read a body. Raises Failure naming the field that is wrong."""
        return asking.read(raw)

    def accepts(self, ask: ResponsesAsk, answer: Mapping[str, Any]) -> bool:
        """Tell whether it is an answer to a chat."""
        return CHAT.accepts(ask.chat, answer)

    def measure(self, ask: ResponsesAsk, answer: Mapping[str, Any], *, output_bound: int) -> Measured:
        """Return what the chat used."""
        return CHAT.measure(ask.chat, answer, output_bound=output_bound)

    def whole(self, ask: ResponsesAsk, answer: dict[str, Any], told: Told) -> bytes:
        """Return the answer as a response."""
        return answering.whole(ask, answer, told)

    def voice(self, ask: ResponsesAsk, request_id: UUID, model: str) -> ResponsesVoice:
        """Return what writes a stream."""
        return ResponsesVoice(ask, request_id, model)


RESPONSES = Responses()
