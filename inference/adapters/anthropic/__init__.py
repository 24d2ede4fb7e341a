"""Anthropic's Messages, and every server compatible with them: how they are called."""

from collections.abc import Mapping
from typing import Any

import orjson

from catalog.snapshot import Hop

from .. import Call, Refusal, Unsupported
from . import answering, asking, refusing
from .reading import MessageReader

__all__ = ["ANTHROPIC", "Anthropic"]

VERSION = "2023-06-01"
_CHAT = "/chat/completions"


class Anthropic:
    """The dialect of /messages."""

    async def call(
        self, hop: Hop, path: str, body: dict[str, Any], *, secret: str | None, stream: bool
    ) -> Call:
        """Return the call that asks for a chat. Raises Unsupported for anything else."""
        if path != _CHAT:
            raise Unsupported("model", "Anthropic's models answer chats only.")
        asked = asking.written(body)
        if stream:
            asked["stream"] = True
        headers = {"x-api-key": secret} if secret else {}
        if not any(name.lower() == "anthropic-version" for name in hop.headers):
            headers["anthropic-version"] = VERSION
        return Call(f"{hop.base_url}/messages", headers, orjson.dumps(asked))

    def answer(self, said: dict[str, Any]) -> dict[str, Any]:
        """Return a whole message as a chat completion. Raises ValueError if it is none."""
        return answering.whole(said)

    def reader(self) -> MessageReader:
        """Return what reads a stream."""
        return MessageReader()

    def refusal(self, status: int, said: Mapping[str, Any]) -> Refusal:
        """Return what an answer of 4xx means."""
        return refusing.refusal(status, said)


ANTHROPIC = Anthropic()
