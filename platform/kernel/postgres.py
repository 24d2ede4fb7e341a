"""How the gateway's own connections reach PostgreSQL: the address Django uses, what every session is set to, its end."""

import asyncio
import contextlib
import os
import select
import socket
from collections.abc import Iterator
from typing import Any

import psycopg
from django.conf import settings
from psycopg.conninfo import make_conninfo

__all__ = ["bounded", "conninfo", "heed", "hung_up"]

_NAMES = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}


# Few statements, again and again, each row found by its key. A plan for the very values would cost more than it saves,
# and one made while a table was small would read the whole of it, or pages of it, for as long as it is kept.
_KEYED = " -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_bitmapscan=off"


def conninfo(
    *, name: str = "tollway", statement_seconds: int = 5, lock_seconds: float = 2, keyed: bool = False
) -> str:
    """Return a libpq connection string for the default database, in UTC and with bounded waits in seconds.

    `name` is what pg_stat_activity calls the session. A `keyed` one plans each prepared statement once, by indexes.
    """
    entry: dict[str, Any] = settings.DATABASES["default"]
    parts = {short: entry[long] for long, short in _NAMES.items() if entry.get(long)}
    extra = {key: value for key, value in entry["OPTIONS"].items() if key not in {"pool", "options"}}
    options = (
        f"-c statement_timeout={statement_seconds}s -c lock_timeout={round(lock_seconds * 1000)}ms"
        f" -c timezone=UTC -c synchronous_commit=on{_KEYED if keyed else ''}"
    )
    return make_conninfo("", **parts, **extra, options=options, connect_timeout=5, application_name=name)


@contextlib.contextmanager
def bounded(connection: psycopg.AsyncConnection[Any], seconds: float) -> Iterator[None]:
    """Hang up on a server that is silent for so many seconds: whoever waits for it in the block gets OperationalError.

    A cancellation would not do: it asks the same server to cancel, and waits for that.
    """
    timer = asyncio.get_running_loop().call_later(seconds, _hang_up, connection)
    try:
        yield
    finally:
        timer.cancel()


def _hang_up(connection: psycopg.AsyncConnection[Any]) -> None:
    if not connection.closed:
        with socket.socket(fileno=os.dup(connection.fileno())) as wire:
            wire.shutdown(socket.SHUT_RDWR)


def hung_up(connection: psycopg.AsyncConnection[Any]) -> bool:
    """Return whether a connection that nobody uses is ended: a server speaks unasked where it ends a session.

    It asks the machine and not the server, and so costs no round trip; a server that vanished without a word is not
    noticed.
    """
    if connection.closed:
        return True
    ear = select.poll()
    ear.register(connection.fileno(), select.POLLIN)
    return bool(ear.poll(0))


async def heed(connection: psycopg.AsyncConnection[Any]) -> None:
    """Close a connection that a pool is about to give out, if the server ended it. Raises psycopg.OperationalError then."""
    if hung_up(connection):
        await connection.close()  # else the pool keeps it, and is about to give it out again
        raise psycopg.OperationalError("the server ended the session")
