"""The desk: everything that waits, with what was said of it, as one person may see it; read at most every few seconds."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

import structlog
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import OperationalError
from django.http import HttpRequest

from kernel import clock

from . import customers, deciding, marks, payments, prices, proof, upstreams
from .item import Item, Source
from .marks import Marked

__all__ = ["SOURCES", "Board", "Order", "Waiting", "forget", "seen_in"]

SOURCES = (
    Source("audits", proof.find_audits),
    Source("journals", proof.find_journals),
    Source("breakers", upstreams.find_breakers),
    Source("keys of ours", upstreams.find_keys),
    Source("movements and refunds", deciding.find),
    Source("disputes", payments.find_disputes),
    Source("recharges", payments.find_recharges),
    Source("payment alerts", payments.find_alerts),
    Source("price proposals", prices.find_proposals),
    Source("price gaps", prices.find_gaps),
    Source("accounts below zero", customers.find_below_zero),
    # These add up rows of many customers: what they say is as true a minute later.
    Source("refusals", customers.find_refused, seconds=60.0),
    Source("spending", customers.find_spending, seconds=60.0),
)
MOST_SECONDS = 60.0
"""No reading is told for longer; 0 has all of it read each time."""
log = structlog.get_logger()

_Read = tuple[float, tuple[Item, ...]]
_read: dict[str, _Read] = {}


class Order(StrEnum):
    """By what the things are sorted."""

    URGENT = "urgent"
    OLDEST = "oldest"
    MONEY = "money"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A thing with what was said of it."""

    item: Item
    marked: Marked
    away: bool
    """Whether it is put off still."""


@dataclass(frozen=True, slots=True)
class Board:
    """What one person may see of all that waits; `unread` names what could not be read in time."""

    now: datetime
    every: tuple[Waiting, ...]
    unread: tuple[str, ...] = ()

    @property
    def present(self) -> tuple[Waiting, ...]:
        """What waits now, the most urgent first."""
        return tuple(each for each in self.every if not each.away)

    @property
    def away(self) -> tuple[Waiting, ...]:
        """What is put off."""
        return tuple(each for each in self.every if each.away)

    def find(self, key: str) -> Item | None:
        """Return the thing with a key, if it waits and this person may see it."""
        return next((each.item for each in self.every if each.item.key == key), None)

    def sorted(self, order: Order) -> "Board":
        """Return the same in another order."""
        return replace(self, every=tuple(sorted(self.every, key=lambda each: _place(each.item, order))))


def seen_in(request: HttpRequest) -> Board:
    """Return the board of who asks: read once for a page, however many of its parts show something of it."""
    known: Board | None = getattr(request, "_desk", None)
    if known is None:
        known = _of(request.user, clock.now())
        request._desk = known  # type: ignore[attr-defined]  # kept with the request
    return known


def forget() -> None:
    """Have everything read anew."""
    _read.clear()


def _of(user: AbstractBaseUser | AnonymousUser, now: datetime) -> Board:
    items: list[Item] = []
    unread: list[str] = []
    for source in SOURCES:
        try:
            items += _items(source, now)
        except OperationalError as error:  # one that takes too long hides no other
            log.error("a part of the desk was not read", part=source.name, error=str(error))
            unread.append(source.name)
    seen = [item for item in items if user.has_perm(item.seen_by)]  # type: ignore[union-attr]
    said = marks.marked([item.key for item in seen])
    every = [_waiting(item, said.get(item.key, Marked()), now) for item in seen]
    return Board(now, tuple(every), tuple(unread)).sorted(Order.URGENT)


def _items(source: Source, now: datetime) -> Sequence[Item]:
    asked = time.monotonic()
    read = _read.get(source.name)
    if read is None or asked - read[0] >= min(source.seconds, MOST_SECONDS):
        read = _read[source.name] = asked, tuple(source.find(now))
    return read[1]


def _waiting(item: Item, said: Marked, now: datetime) -> Waiting:
    return Waiting(item, said, said.until is not None and said.until > now)


def _place(item: Item, order: Order) -> tuple[float, ...]:
    # What has no beginning holds as of now; money counts by its size, whichever way it goes.
    since = item.since.timestamp() if item.since is not None else float("inf")
    stake = -abs(item.stake or 0)
    match order:
        case Order.OLDEST:
            return since, item.weight, stake
        case Order.MONEY:
            return stake, item.weight, since
        case Order.URGENT:
            return item.weight, stake, since
