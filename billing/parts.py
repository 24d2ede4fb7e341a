"""Who of a running Tollway was heard when, and what that says: why no sweeps end, what web processes are in."""

import json
import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from psycopg.types.json import Jsonb

from kernel import modes
from kernel.modes import Mode

from .models import Part

__all__ = [
    "READ",
    "TELL",
    "Heard",
    "figures",
    "forget",
    "heard",
    "place",
    "said_by",
    "silence",
    "tell",
    "unswept",
    "webs",
]

STALE_SECONDS = 20.0
"""A web process that was not heard for so long says nothing any more: it tells every five."""
REMEMBERED = timedelta(days=1)

TELL = """
INSERT INTO billing_part (name, kind, host, pid, heard_at, said) VALUES (%s, %s, %s, %s, clock_timestamp(), %s)
ON CONFLICT (name) DO UPDATE SET host = excluded.host, pid = excluded.pid, heard_at = excluded.heard_at,
  said = excluded.said"""
READ = """
SELECT kind, host, pid, extract(epoch FROM clock_timestamp() - heard_at)::float8, said - 'figures' AS said
FROM billing_part"""
# What is told for Prometheus alone is the most of it, and read by a scrape alone.
_FIGURES = """
SELECT pid, said->'figures' FROM billing_part
WHERE kind = 'web' AND host = %s AND heard_at > clock_timestamp() - make_interval(secs => %s) ORDER BY heard_at"""


@dataclass(frozen=True, slots=True)
class Heard:
    """One part as it was heard last, so many seconds ago."""

    kind: str
    host: str
    pid: int
    silent: float
    said: Mapping[str, Any] = field(default_factory=dict)


def place() -> tuple[str, int]:
    """Return host and process id of this process."""
    return socket.gethostname()[:100], os.getpid()


def said_by(kind: str, name: str, said: Mapping[str, Any]) -> list[Any]:
    """Return the parameters of TELL for this process."""
    return [name, kind, *place(), Jsonb(dict(said))]


def tell(kind: str, said: Mapping[str, Any] | None = None, *, name: str = "") -> None:
    """Note that a part is heard; `name` tells it from others of its kind. Raises DatabaseError."""
    with connection.cursor() as cursor:
        cursor.execute(TELL, said_by(kind, f"{kind} {name}".strip(), said or {}))


def heard() -> list[Heard]:
    """Return all parts of the last day. Raises DatabaseError."""
    with connection.cursor() as cursor:
        cursor.execute(READ)
        # Django hands JSON over as text.
        return [
            Heard(kind, host, pid, silent, json.loads(said))
            for kind, host, pid, silent, said in cursor.fetchall()
        ]


def figures() -> dict[int, Mapping[str, Any]]:
    """Return the figures of each web process of this machine that lives, by its number, as it told them last.

    Raises DatabaseError.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FIGURES, [place()[0], STALE_SECONDS])
        return {pid: json.loads(told) for pid, told in cursor.fetchall() if told}


def forget(now: datetime) -> int:
    """Delete parts that were not heard for a day; return how many."""
    return Part.objects.filter(heard_at__lt=now - REMEMBERED).delete()[0]


def webs(parts: Iterable[Heard]) -> list[Heard]:
    """Return the web processes that live."""
    return [part for part in parts if part.kind == "web" and part.silent <= STALE_SECONDS]


def silence(parts: Sequence[Heard], kind: str) -> float | None:
    """Return the seconds since any part of a kind was heard; None if none ever was."""
    return min((part.silent for part in parts if part.kind == kind), default=None)


def unswept(parts: Sequence[Heard], *, watched: float) -> Mode | None:
    """Return why no sweep has ended for BACKGROUND_SILENCE_SECONDS, or None if one has.

    `watched` is how many seconds the asker looks already: of a time before nothing is said.
    """
    longest = settings.BACKGROUND_SILENCE_SECONDS
    swept = silence(parts, "sweep")
    if watched < longest or (swept is not None and swept <= longest):
        return None
    beats = [part for part in parts if part.kind == "beat" and part.silent <= longest]
    if not beats:
        return modes.BEAT
    return modes.WORKER if any(beat.said.get("sends_for") is not None for beat in beats) else modes.BROKER
