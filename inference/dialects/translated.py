"""Requests that go upstream as a chat, whatever they came as."""

from dataclasses import dataclass
from typing import Any, ClassVar

from catalog.snapshot import Hop

from ..ask import ChatAsk
from ..wishes import Wishes

__all__ = ["Translated"]


@dataclass(frozen=True, slots=True)
class Translated:
    """What was asked, by way of the chat that asks an upstream for it."""

    chat: ChatAsk
    prompt_field: ClassVar[str]

    @property
    def model(self) -> str:
        """The model that was named."""
        return self.chat.model

    @property
    def stream(self) -> bool:
        """Whether the answer is wanted piece by piece."""
        return self.chat.stream

    @property
    def n(self) -> int:
        """How many answers are wanted."""
        return self.chat.n

    @property
    def limit(self) -> int | None:
        """The most output tokens of each answer."""
        return self.chat.limit

    @property
    def prompt_bound(self) -> int:
        """Never less than the prompt has, in tokens."""
        return self.chat.prompt_bound

    @property
    def prompt_extra(self) -> int:
        """The part of it that is not text."""
        return self.chat.prompt_extra

    @property
    def images(self) -> int:
        """No pictures are made."""
        return 0

    @property
    def wishes(self) -> Wishes:
        """What is wished about models and providers."""
        return self.chat.wishes

    def prompt_text(self) -> str:
        """Return what goes in as one text, for counting."""
        return self.chat.prompt_text()

    def outgoing(self, hop: Hop, *, max_tokens: int) -> dict[str, Any]:
        """Return the chat that asks an upstream, with no limit above `max_tokens`."""
        return self.chat.outgoing(hop, max_tokens=max_tokens)
