"""What the processes of a site tell each other through Redis: places to leave alone, and where conversations went."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from kernel.cache import BREAKERS, Away, Cache

from .breaker import OPEN_SECONDS, Breaker, Place
from .sticking import Sticking

__all__ = ["News"]

_CHANNEL, _PROBE = "tollway:walk", "tollway:probe"
_MOST_UNSENT = 1000
_PAUSES = (0, 1.1, 1.1)  # a Redis that was away is left alone for a second


class News:
    """Spreads what this process finds out, and takes over what others did. Without Redis each knows only its own."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self.breaker = Breaker(changed=self._breaker_changed)
        self.sticking = Sticking(moved=self._conversation_moved)
        self._sending: set[asyncio.Task[None]] = set()
        self._lasting: list[asyncio.Task[None]] = []
        self._open_since: dict[Place, float] = {}

    async def start(self) -> None:
        """Take over what is known, begin to listen, and to watch how Redis is."""
        with contextlib.suppress(Away):
            now = time.time()
            for field, text in (await self._cache.members(BREAKERS)).items():
                until, _, since = text.partition(" ")
                if float(until) > now:
                    self._open_since[_place(field)] = float(since or now)
                    self.breaker.heard(_place(field), float(until) - now, tripped=True)
                else:
                    await self._cache.put(BREAKERS, field, None)
        self._lasting = [
            asyncio.create_task(self._cache.listen(_CHANNEL, self._heard), name="news"),
            asyncio.create_task(self._cache.watch(), name="redis"),
        ]

    async def stop(self) -> None:
        """Stop listening."""
        tasks = [*self._sending, *self._lasting]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._cache.close()

    async def may_enter(self, place: Place) -> bool:
        """Tell whether a request may go to a place now: of all processes one sends the probe after the pause."""
        verdict = self.breaker.verdict(place)
        if verdict != "probe":
            return verdict == "closed"
        self.breaker.begin_probe(place)
        with contextlib.suppress(Away):
            return await self._cache.claim(f"{_PROBE}:{_field(place)}", seconds=OPEN_SECONDS / 2)
        return True

    def _breaker_changed(self, place: Place, seconds: float, tripped: bool) -> None:
        field = _field(place)
        if tripped:
            since = self._note_open(place, seconds)
            text = f"{time.time() + seconds} {since}" if seconds else None
            self._send(lambda: self._cache.put(BREAKERS, field, text))
        self._tell({"breaker": field, "seconds": seconds, "tripped": tripped})

    def _note_open(self, place: Place, seconds: float) -> float:
        """Return since when a place is left alone for failures, however often it was tried meanwhile."""
        if not seconds:
            return self._open_since.pop(place, 0.0)
        return self._open_since.setdefault(place, time.time())

    def _conversation_moved(self, conversation: str, place: Place) -> None:
        self._tell({"conversation": conversation, "place": _field(place)})

    def _tell(self, news: dict[str, Any]) -> None:
        text = orjson.dumps(news).decode()
        self._send(lambda: self._cache.tell(_CHANNEL, text))

    def _send(self, send: Callable[[], Awaitable[None]]) -> None:
        if len(self._sending) < _MOST_UNSENT:  # what is not sent this process knows all the same
            task = asyncio.ensure_future(_patiently(send))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    def _heard(self, text: str) -> None:
        news = orjson.loads(text)
        if "breaker" in news:
            place = _place(news["breaker"])
            if news["tripped"]:
                self._note_open(place, news["seconds"])
            self.breaker.heard(place, news["seconds"], tripped=news["tripped"])
        else:
            self.sticking.heard(news["conversation"], _place(news["place"]))


async def _patiently(send: Callable[[], Awaitable[None]]) -> None:
    for pause in _PAUSES:
        await asyncio.sleep(pause)
        with contextlib.suppress(Away):
            return await send()


def _field(place: Place) -> str:
    return f"{place[0]} {place[1]}"


def _place(field: str) -> Place:
    endpoint, _, upstream_model = field.partition(" ")
    return int(endpoint), upstream_model
