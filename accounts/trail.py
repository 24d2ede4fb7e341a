"""The trail: how every deed of a person becomes one row of it, with what changed, in the transaction that did it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import Model

from kernel.deeds import Deed

from .models import User, Workspace
from .trail_seen import Changes, Seen, Sight, key_of

__all__ = ["Asker", "keep", "sight", "watching"]

MOST_FIELDS = 200
"""How many changed fields a row lists; more are counted."""
LONGEST = 4000
"""Characters of what was said, or of a reason."""

_WRITE = """
INSERT INTO accounts_trail (no, at, actor_id, actor, address, request_id, verb, model, object_id, object, workspace_id,
    said, reason, changes, before, hash)
VALUES (0, now(), %(actor_id)s, %(actor)s, %(address)s, %(request_id)s, %(verb)s, %(model)s, %(object_id)s, %(object)s,
    %(workspace_id)s, %(said)s, %(reason)s, %(changes)s::jsonb, '', '')"""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, from where, in which request, and the reason given with it."""

    actor_id: int | None
    actor: str
    address: str = ""
    request_id: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Told:
    """A deed about to be written: its row's facts of that moment, and how many rows had been seen by then."""

    deed: Deed
    key: str
    facts: dict[str, Any]
    place: int


@dataclass
class _Watch:
    """What one request did so far: the rows it touched, and the deeds it told."""

    asker: Asker
    at_once: bool
    sight: Sight = field(default_factory=Sight)
    told: list[_Told] = field(default_factory=list)


_watch: ContextVar[_Watch | None] = ContextVar("trail", default=None)


def sight() -> Sight | None:
    """Return what sees rows that are saved at present, None where nobody watches."""
    watch = _watch.get()
    return watch.sight if watch is not None else None


@contextmanager
def watching(asker: Asker, *, unnamed: str, at_once: bool = False) -> Iterator[Sight]:
    """Watch what a request does, and write its rows at the end, within its transaction; none if it raises.

    The chain's lock is taken last, so that requests that lock several rows never wait for each other in a ring.
    `at_once` is for a request that commits by itself: each deed is written when it is told. What changed without any
    deed makes a row that says `unnamed`.
    """
    watch = _Watch(asker, at_once)
    token = _watch.set(watch)
    try:
        yield watch.sight
        if not at_once:
            _write_all(watch, unnamed)
    finally:
        _watch.reset(token)


def keep(deed: Deed) -> None:
    """Keep a deed: with the request that is watched, or by itself at once, as a command's."""
    watch = _watch.get()
    told = _Told(deed, key_of(deed.row), _facts(deed.row), len(watch.sight.rows) if watch else 0)
    if watch is None:
        _write(_asker_of(deed), told, {})
    elif watch.at_once:
        watch.sight.again()
        seen = [row for row in watch.sight.rows if row.key == told.key]
        _write(watch.asker, told, seen[0].changes() if seen else {})
    else:
        watch.told.append(told)


def _write_all(watch: _Watch, unnamed: str) -> None:
    watch.sight.again()
    rows = watch.sight.rows
    if not watch.told:
        first = next((row for row in rows if row.changes()), None)
        if first is None:
            return
        deed = Deed("change", first.model(pk=first.pk), unnamed)
        facts = _facts(deed.row) | {"object": first.name}
        watch.told.append(_Told(deed, first.key, facts, len(rows)))
    for told, changes in _shared_out(watch.told, rows):
        _write(watch.asker, told, changes)


def _shared_out(told: list[_Told], rows: list[Seen]) -> list[tuple[_Told, Changes]]:
    """Give each deed what changed of its own row, and of others what was first seen before it was told; the last the rest."""
    own = {row.key: row for row in rows}
    named = {each.key for each in told}
    shares, begin = [], 0
    for each in told:
        end = len(rows) if each is told[-1] else each.place
        mine = own.pop(each.key, None)
        changes = mine.changes() if mine is not None else {}
        for row in rows[begin:end]:
            if row.key not in named:
                changes |= {f"{row.title}: {name}": value for name, value in row.changes().items()}
        shares.append((each, changes))
        begin = end
    return shares


def _asker_of(deed: Deed) -> Asker:
    if deed.actor:
        return Asker(deed.actor_id, deed.actor)
    return Asker(deed.actor_id, str(User.objects.get(pk=deed.actor_id or 0)))


def _facts(row: Model) -> dict[str, Any]:
    return {
        "model": row._meta.label_lower,
        "object_id": str(row.pk),
        "object": str(row)[:200],
        "workspace_id": row.pk if isinstance(row, Workspace) else getattr(row, "workspace_id", None),
    }


def _write(asker: Asker, told: _Told, changes: Changes) -> None:
    deed = told.deed
    values = {
        "actor_id": asker.actor_id,
        "actor": asker.actor,
        "address": asker.address,
        "request_id": asker.request_id,
        "verb": deed.verb,
        "said": deed.said[:LONGEST],
        "reason": (deed.reason or asker.reason)[:LONGEST],
        "changes": json.dumps(_bounded(changes | {name: list(pair) for name, pair in deed.changes.items()})),
        **told.facts,
    }
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, values)


def _bounded(changes: Changes) -> Changes:
    kept = dict(list(changes.items())[:MOST_FIELDS])
    left = len(changes) - len(kept)
    return kept | ({"and more fields": [None, str(left)]} if left else {})
