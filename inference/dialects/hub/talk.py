"""A talk over several requests of the hub: what was said before, and what this request adds to it; pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

__all__ = ["GREATEST_BYTES", "MOST_MESSAGES", "Message", "Talk", "kept"]

Message = dict[str, Any]
MOST_MESSAGES = 10
GREATEST_BYTES = 262_144
"""Of the messages that are kept, as JSON."""


@dataclass(slots=True)
class Talk:
    """`name` is the session_id that was sent, empty without one; messages are as callers of the hub write them."""

    name: str = ""
    earlier: Sequence[Message] = ()
    asked: Sequence[Message] = ()
    answer: Message | None = field(default=None, init=False)

    def answered(self, text: str, calls: Sequence[Message]) -> None:
        """Note the answer, once it is whole; its calls of tools are parts of it."""
        parts = [{"type": "text", "text": text}] if text else []
        if text or calls:
            self.answer = {"role": "assistant", "content": [*parts, *calls] if calls else text}

    @property
    def messages(self) -> list[Message]:
        """What is to be kept of it after this request."""
        return kept([*self.earlier, *self.asked, *([self.answer] if self.answer else [])])


def kept(messages: Sequence[Message]) -> list[Message]:
    """Return the newest messages that may be kept; they begin with words of the user, never with a tool's result.

    Instructions to the model belong to the request they came in.
    """
    newest = [message for message in messages if message.get("role") != "system"][-MOST_MESSAGES:]
    found: list[Message] = []
    left = GREATEST_BYTES
    for message in reversed(newest):
        left -= len(orjson.dumps(message))
        if left < 0:
            break
        found.insert(0, message)
    while found and found[0].get("role") != "user":
        found = found[1:]
    return found
