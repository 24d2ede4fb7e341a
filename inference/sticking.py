"""Which upstream a conversation has gone over to, so that it stays where its prompt is in the cache."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from .ask import text_of
from .breaker import Place

__all__ = ["Sticking", "conversation"]

KEPT_SECONDS = 3600.0
MOST = 100_000
_NAMES = ("prompt_cache_key", "session_id")


def conversation(body: Mapping[str, Any], *, workspace_id: int, model: str) -> str:
    """Return the name of a conversation: what the caller calls it, else its beginning, as a digest.

    `body` is a chat; its system messages and first user message tell it from others of the workspace and model.
    """
    named = next((value for name in _NAMES if isinstance(value := body.get(name), str) and value), None)
    digest = hashlib.blake2b(f"{workspace_id} {model} ".encode(), digest_size=16)
    if named is not None:
        digest.update(b"named " + named.encode(errors="replace"))
        return digest.hexdigest()
    for message in body["messages"]:
        digest.update(text_of(message).encode(errors="replace") + b"\0")
        if message["role"] == "user":
            break
    else:
        digest.update(orjson.dumps(len(body["messages"])))
    return digest.hexdigest()


class Sticking:
    """Remembers only conversations that went elsewhere than their chain begins; for an hour, and so many."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        moved: Callable[[str, Place], None] = lambda name, place: None,
    ) -> None:
        self._clock = clock
        self._moved = moved
        self._places: OrderedDict[str, tuple[Place, float]] = OrderedDict()

    def place(self, name: str) -> Place | None:
        """Return where a conversation went, None where its chain begins."""
        found = self._places.get(name)
        return found[0] if found is not None and found[1] > self._clock() else None

    def went_to(self, name: str, place: Place) -> None:
        """Note that a conversation was served elsewhere than it was looked for first, and tell the others."""
        self.heard(name, place)
        self._moved(name, place)

    def heard(self, name: str, place: Place) -> None:
        """Take over where a conversation is."""
        self._places.pop(name, None)
        self._places[name] = (place, self._clock() + KEPT_SECONDS)
        while len(self._places) > MOST:
            self._places.popitem(last=False)
