"""The memory that large answers may take together in one process, so that several at once cannot fill it."""

import asyncio

__all__ = ["FREE_BYTES", "Place", "Room"]

FREE_BYTES = 2**20
"""What every answer may have besides; almost all are smaller."""


class Room:
    """So many bytes for all that are large but the eldest, which goes on whatever the others hold.

    Without an eldest two halves could wait for each other.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._places: dict[Place, int] = {}  # in the order of their age
        self._freed = asyncio.Event()

    def place(self) -> "Place":
        """Give one answer its place, until the block ends in which it was made."""
        return Place(self)

    @property
    def taken(self) -> int:
        """How many bytes are taken, beyond what is free."""
        return sum(self._places.values())

    def leave(self, place: "Place") -> None:
        """Give back what a place took."""
        if self._places.pop(place, None) is not None:
            self._freed.set()

    async def take(self, place: "Place", size: int) -> None:
        """Wait until a place may have so many bytes in all."""
        self._places.setdefault(place, 0)
        while not self._fits(place, size):
            place.waits = True
            self._freed.clear()
            await self._freed.wait()
        place.waits = False
        self._places[place] = size

    def _fits(self, place: "Place", size: int) -> bool:
        eldest = next(iter(self._places))
        others = self.taken - self._places[eldest] - self._places[place]
        return place is eldest or others + size <= self._size


class Place:
    """One answer's part of the room; `waits` tells whether it waits for more, or was given up while it did."""

    __slots__ = ("_room", "waits")

    def __init__(self, room: Room) -> None:
        self._room = room
        self.waits = False

    def __enter__(self) -> "Place":
        return self

    def __exit__(self, *_: object) -> None:
        self._room.leave(self)

    async def grow(self, size: int) -> None:
        """Wait until there is room for an answer of so many bytes; the caller's own deadline bounds the wait."""
        if size > FREE_BYTES:
            await self._room.take(self, size)
