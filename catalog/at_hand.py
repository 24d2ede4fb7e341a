"""The catalogue as pages read it, in any process: the rows of the database, kept until its revision changes."""

import json
from dataclasses import dataclass
from typing import Any

from django.db import connection

from . import loading, register
from .register import Register
from .snapshot import Catalogue

__all__ = ["AtHand", "Unsettled", "current", "forget"]

_TRIES = 3
_JSONB = 3802  # PostgreSQL's number for the type


class Unsettled(Exception):
    """The catalogue changed each time while it was read; the next try will see it whole."""


@dataclass(frozen=True, slots=True)
class AtHand:
    """The catalogue and what is told beside it, both of one revision."""

    catalogue: Catalogue
    register: Register


_kept: list[AtHand] = []


def current() -> AtHand:
    """Return the catalogue of this moment: one small query, and the whole reading only after a change.

    Raises Unsettled if it changed again and again meanwhile.
    """
    for _ in range(_TRIES):
        revision = _revision()
        if _kept and _kept[0].catalogue.revision == revision:
            return _kept[0]
        read = _read()
        if read.catalogue.revision == read.register.revision == revision == _revision():
            _kept[:] = [read]
            return read
    raise Unsettled


def forget() -> None:
    """Drop what is kept: where a transaction is rolled back, two contents have one revision."""
    _kept.clear()


def _revision() -> int:
    with connection.cursor() as cursor:
        cursor.execute(loading.REVISION)
        return int(cursor.fetchone()[0])


def _read() -> AtHand:
    with connection.cursor() as cursor:
        rows = {name: _rows(cursor, sql) for name, sql in loading.STATEMENTS.items()}
        cursor.execute(register.READ.decode())
        [row] = _values(cursor)
    return AtHand(loading.assemble(rows), register.assemble(row))


def _rows(cursor: Any, sql: str) -> list[dict[str, Any]]:
    cursor.execute(sql)
    names = [column.name for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in _values(cursor)]


def _values(cursor: Any) -> list[tuple[Any, ...]]:
    """Return what a cursor found; Django's connection leaves JSON as its text, the gateway's own reads it."""
    read = [json.loads if column.type_code == _JSONB else None for column in cursor.description]
    return [
        tuple(each(value) if each else value for each, value in zip(read, row, strict=True))
        for row in cursor.fetchall()
    ]
