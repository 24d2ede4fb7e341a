"""Where pages read usage from: a replica that keeps up, where one is named, else the database itself."""

import threading
import time
from typing import TYPE_CHECKING

import structlog
from django.db import DatabaseError, connection, connections

if TYPE_CHECKING:
    from django.db.backends.utils import CursorWrapper

__all__ = ["LOOK_SECONDS", "REPLICA", "reading"]

log = structlog.get_logger()

REPLICA = "replica"
LOOK_SECONDS = 5.0
"""How often it is looked whether the replica has what the database had at the look before: it is never further behind
than two looks, ten seconds."""
_NOW = "SELECT pg_current_wal_lsn()::text"
# A copy that is no standby, such as one by logical replication, has no such place: it is taken as it is.
_REACHED = "SELECT NOT pg_is_in_recovery() OR pg_last_wal_replay_lsn() >= %s::pg_lsn"


class _Standing:
    """What is known of the replica in this process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.looked = float("-inf")
        self.keeps_up = False
        self.mark: str | None = None
        self.marked = float("-inf")


_standing = _Standing()


def reading() -> "CursorWrapper":
    """Return a cursor for reading usage, as `with reading() as cursor`; writing through it fails on a replica.

    Within a transaction it is the database's own, so that one sees what one wrote. While the replica is away or
    behind it is the database's own too.
    """
    if REPLICA not in connections.databases or connection.in_atomic_block or not _keeps_up():
        return connection.cursor()
    try:
        return connections[REPLICA].cursor()
    except DatabaseError as error:
        _gone(error)
        return connection.cursor()


def _keeps_up() -> bool:
    now = time.monotonic()
    with _standing.lock:
        if now - _standing.looked < LOOK_SECONDS:
            return _standing.keeps_up
        _standing.looked = now
    try:
        return _look()
    except DatabaseError as error:
        _gone(error)
        return False


def _look() -> bool:
    """See whether the replica has come to where the database was at the last look, and mark where it is now."""
    mark, marked = _standing.mark, _standing.marked
    _standing.mark, _standing.marked = str(_asked("default", _NOW)), time.monotonic()
    if mark is None or _standing.marked - marked > 2 * LOOK_SECONDS:
        mark = _standing.mark  # the last look is too long ago to say anything
    keeps_up = bool(_asked(REPLICA, _REACHED, mark))
    if keeps_up != _standing.keeps_up:
        log.info("replica", keeps_up=keeps_up)
    _standing.keeps_up = keeps_up
    return keeps_up


def _asked(alias: str, question: str, *parameters: str) -> object:
    with connections[alias].cursor() as cursor:
        cursor.execute(question, parameters)
        [answer] = cursor.fetchone() or (None,)
        return answer


def _gone(error: Exception) -> None:
    _standing.keeps_up, _standing.looked = False, time.monotonic()
    log.warning("replica away", error=type(error).__name__)
