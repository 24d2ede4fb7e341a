"""One thing that waits for a person: what it is, since when, how much money is at stake, and where it is done."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

__all__ = ["Item", "Source", "Weight"]


class Weight(IntEnum):
    """How a thing is marked, the gravest first."""

    FAILS = 0
    WARNS = 1
    WAITS = 2


@dataclass(frozen=True, slots=True)
class Item:
    """One thing. `key` names it for as long as it waits; `stake` is in nano-USD, and None where no money is in it.

    `since` is None of what holds as long as it is looked at. `seen_by` is the permission that lets somebody see it.
    `number` is how many rows are told as this one, `measure` what was measured of it where its kind measures something.
    """

    key: str
    weight: Weight
    title: str
    detail: str
    since: datetime | None
    stake: int | None
    verb: str
    url: str
    seen_by: str
    number: int = 1
    measure: float | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of things that wait: how it is called, how it is read, and for how many seconds that may be told again."""

    name: str
    find: Callable[[datetime], Sequence[Item]]
    seconds: float = 10.0
