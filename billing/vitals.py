"""How providers are, as a process knows it without asking: a copy of what all processes counted, read every 10 s."""

import asyncio
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from typing import Any

import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from kernel import clock

from . import incidents
from .beats import COUNTS, HISTOGRAMS, Beats, State, total
from .incidents import Incident, Slot

__all__ = ["EVERY_SECONDS", "OLDEST_SECONDS", "PROVIDER", "Health", "Vitals", "Window"]

log = structlog.get_logger()

EVERY_SECONDS = 10.0
OLDEST_SECONDS = 300.0
"""A copy that could not be renewed for so long is no longer told."""
PROVIDER = 0
"""In place of a model's id: the provider itself, with all its models."""
_SLOTS_EVERY_MINUTES = (
    10  # only those of more than half an hour ago are taken from there, which change no more
)
_DAY = 1440
_TROUBLE = (State.DEGRADED, State.DOWN)
# Other processes write within seconds; what they could not write in time is read by the next two readings.
_UNSETTLED_MINUTES = 1
_ROWS_AT_ONCE = 100
_POOL_SECONDS = 2.0
_NAMES = ", ".join((*COUNTS, *HISTOGRAMS))
_READ = f"""
SELECT span, begins, provider_id, model_id, {_NAMES} FROM billing_health WHERE span = 1 AND begins >= %s
UNION ALL
SELECT span, begins, provider_id, model_id, {_NAMES} FROM billing_health WHERE span = 60 AND begins >= %s"""

_Row = tuple[int, int, int, int]  # span in minutes, its first minute, provider, model
_Place = tuple[int, int]  # provider, model


class Window(IntEnum):
    """How far back figures look, in minutes; the present minute, or hour of the day's, comes on top."""

    FIVE_MINUTES = 5
    HALF_HOUR = 30
    DAY = _DAY


class Health:
    """The health of providers and of models at them at one moment; nothing in it changes."""

    def __init__(
        self, rows: Mapping[_Row, Beats], *, minute: int, slots: Iterable[Slot] = (), taken: float = 0.0
    ) -> None:
        self.minute = minute
        self.taken = taken
        self._spans: dict[_Place, dict[int, list[tuple[int, Beats]]]] = {}
        for (span, begins, provider, model), beats in rows.items():
            spans = self._spans.setdefault((provider, model), {})
            spans.setdefault(span, []).append((begins, beats))
        self._sums: dict[tuple[_Place, Window], Beats] = {}
        self._slots = tuple(slots)

    def at(self, provider_id: int, model_id: int = PROVIDER, *, window: Window) -> Beats:
        """Return what was counted of a provider, or of a model at it. To be read only: others get the same object."""
        key = ((provider_id, model_id), window)
        found = self._sums.get(key)
        if found is None:
            found = self._sums[key] = self._sum(*key)
        return found

    def figures(self, window: Window) -> Mapping[tuple[int, int], Beats]:
        """Return what was counted of every (provider, model) and, under `PROVIDER`, of every provider."""
        return {place: self.at(*place, window=window) for place in self._spans}

    def state(self, provider_id: int, model_id: int = PROVIDER) -> State:
        """Return how a place is: by the last five minutes, or by the half hour where those saw nothing."""
        now = self.at(provider_id, model_id, window=Window.FIVE_MINUTES).state
        if now is not State.UNKNOWN:
            return now
        return self.at(provider_id, model_id, window=Window.HALF_HOUR).state

    def of_model(self, provider_id: int, model_id: int) -> State:
        """Return how a model is at a provider: as its own calls say, else as the provider is if that is in trouble."""
        own = self.state(provider_id, model_id)
        if own is not State.UNKNOWN:
            return own
        house = self.state(provider_id)
        return house if house in _TROUBLE else State.UNKNOWN

    def incidents(self) -> tuple[Incident, ...]:
        """Return when providers were in trouble in the last day, the newest first."""
        # What is long past was read from the database now and then; the last half hour is at hand.
        recent = (self.minute - Window.HALF_HOUR) // incidents.SLOT + 1
        slots = [slot for slot in self._slots if slot.number < recent]
        slots += [slot for slot in self._recent_slots() if slot.number >= recent]
        slots.sort(key=lambda slot: (slot.provider_id, slot.number))
        states = {provider: self.state(provider) for provider in {slot.provider_id for slot in slots}}
        lasting = {provider: state for provider, state in states.items() if state in _TROUBLE}
        return incidents.assemble(slots, minute=self.minute, lasting=lasting)

    def _recent_slots(self) -> Iterator[Slot]:
        for (provider, model), spans in self._spans.items():
            if model == PROVIDER:
                yield from incidents.slots(provider, spans.get(1, ()))

    def _sum(self, place: _Place, window: Window) -> Beats:
        spans = self._spans.get(place, {})
        if window is Window.DAY:
            since = self.minute - self.minute % 60 - _DAY
            return total(beats for begins, beats in spans.get(60, ()) if begins >= since)
        return total(beats for begins, beats in spans.get(1, ()) if begins >= self.minute - window)


class Vitals:
    """Keeps the copy of one process."""

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        self._pool = pool
        self._rows: dict[_Row, Beats] = {}
        self._slots: tuple[Slot, ...] = ()
        self._slots_read = 0
        self._health = Health({}, minute=clock.minute_number())
        self._nothing = self._health
        self._read: deque[int] = deque(maxlen=2)  # the minutes of the last two readings

    @property
    def current(self) -> Health:
        """The newest copy; an empty one before the first and after 5 minutes without a new one."""
        if time.monotonic() - self._health.taken > OLDEST_SECONDS:
            return self._nothing
        return self._health

    async def watch(self) -> None:
        """Renew the copy every 10 s until cancelled. While the database is away the last one stays for 5 minutes."""
        while True:
            try:
                await self.refresh()
            except (psycopg.Error, PoolTimeout) as error:
                log.warning("health not read", error=type(error).__name__)
            await asyncio.sleep(EVERY_SECONDS)

    async def refresh(self) -> None:
        """Read what is new. Raises psycopg.Error or PoolTimeout if the database is away."""
        minute, taken = clock.minute_number(), time.monotonic()
        since = minute - Window.HALF_HOUR
        hour_since = minute - minute % 60 - _DAY
        if self._read:
            settled = self._read[0] - _UNSETTLED_MINUTES
            since, hour_since = max(since, settled), max(hour_since, settled - settled % 60)
        async with self._pool.connection(timeout=_POOL_SECONDS) as connection:
            fresh = await _rows(connection, since, hour_since)
            if minute - self._slots_read >= _SLOTS_EVERY_MINUTES:
                self._slots, self._slots_read = await _slots(connection, minute - _DAY), minute
        self._read.append(minute)
        first = {1: minute - Window.HALF_HOUR, 60: minute - minute % 60 - _DAY}
        self._rows = {row: beats for row, beats in self._rows.items() if row[1] >= first[row[0]]} | fresh
        self._health = Health(self._rows, minute=minute, slots=self._slots, taken=taken)


async def _rows(connection: psycopg.AsyncConnection[Any], since: int, hour_since: int) -> dict[_Row, Beats]:
    rows: dict[_Row, Beats] = {}
    async with connection.cursor() as cursor:
        await cursor.execute(_READ.encode(), [since, hour_since])
        # The first reading can be long, and each row has arrays to be read: others must get their turn meanwhile.
        while some := await cursor.fetchmany(_ROWS_AT_ONCE):
            rows |= {(row[0], row[1], row[2], row[3]): Beats(*row[4:]) for row in some}
            await asyncio.sleep(0)
    return rows


async def _slots(connection: psycopg.AsyncConnection[Any], since: int) -> tuple[Slot, ...]:
    found = await (await connection.execute(incidents.READ.encode(), [since])).fetchall()
    return tuple(Slot(row[0], row[1], row[2], row[3], Beats(*row[4:])) for row in found)
