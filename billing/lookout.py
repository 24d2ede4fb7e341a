"""What a web process finds out once a second, requests or not: whether the database answers and takes writes, who is heard."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg
import structlog
from django.conf import settings

from kernel import degraded, modes, postgres

from . import parts
from .batcher import AWAY
from .parts import Heard

__all__ = ["Lookout"]

EVERY_SECONDS = 1.0
TELL_SECONDS = 5.0
KEPT_SECONDS = 30.0
PATIENCE_SECONDS = 2.0
"""How long the database may be silent; twice in a row, and it counts as away."""
_SESSION = "tollway lookout"
_READ = f"""
SELECT current_setting('transaction_read_only')::bool, p.* FROM (VALUES (1)) one LEFT JOIN ({parts.READ}) p ON true
""".encode()
_BACKGROUND = (modes.BEAT, modes.BROKER, modes.WORKER)
log = structlog.get_logger()


class Lookout:
    """Looks for one process, notes the modes that hold, and tells the other processes how this one is.

    `about` gives what is told of the process beside its modes and its journal; `journalled` how many settlements wait.
    """

    def __init__(
        self, name: str, *, journalled: Callable[[], int], about: Callable[[], Mapping[str, Any]]
    ) -> None:
        self._name = name
        self._journalled = journalled
        self._about = about
        self._began = time.monotonic()
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._silent = 0
        self._told_at = self._counted_at = float("-inf")
        self.kept = 0
        self.heard: Sequence[Heard] = ()
        """All parts as of the last look that the database answered."""

    async def watch(self) -> None:
        """Look once a second until cancelled; then nothing is noted any more."""
        try:
            while True:
                try:
                    await self._look()
                except Exception:  # the watch goes on whatever one look met
                    log.exception("could not look out")
                await asyncio.sleep(EVERY_SECONDS)
        finally:
            for mode in (modes.DATABASE, modes.UNWRITABLE, modes.JOURNAL, modes.KEPT, *_BACKGROUND):
                degraded.note(mode, held=False)
            await self._hang_up()

    def said(self) -> dict[str, Any]:
        """Return what this process says of itself."""
        own = {"modes": degraded.mine(), "journalled": self._journalled(), "kept": self.kept}
        return {**own, **self._about()}

    async def _look(self) -> None:
        await self._count_kept()
        degraded.note(modes.JOURNAL, held=self._journalled() > 0)
        try:
            read_only = await self._read()
        except AWAY as error:
            self._missed(error)
            await self._hang_up()
            return
        self._silent = 0
        degraded.note(modes.DATABASE, held=False)
        why = parts.unswept(self.heard, watched=time.monotonic() - self._began)
        for mode in _BACKGROUND:
            degraded.note(mode, held=mode is why)
        others = (part for part in parts.webs(self.heard) if (part.host, part.pid) != parts.place())
        degraded.learn(name for part in others for name in part.said.get("modes", ()))
        await self._write(read_only=read_only)

    def _missed(self, error: Exception) -> None:
        self._silent += 1
        # A connection that broke may be one of many; that no new one can be made is certain.
        if self._connection is None or self._silent > 1:
            degraded.note(modes.DATABASE, held=True)
            for mode in _BACKGROUND:
                degraded.note(mode, held=False)  # nobody can tell now
        log.warning("the database does not answer", error=type(error).__name__, looks=self._silent)

    async def _read(self) -> bool:
        """Read who is heard, and return whether the database is read-only; a broken connection is made anew once."""
        try:
            return await self._read_on(await self._connected())
        except (psycopg.OperationalError, psycopg.InterfaceError):
            if self._connection is None:
                raise
            await self._hang_up()
            return await self._read_on(await self._connected())

    async def _read_on(self, connection: psycopg.AsyncConnection[Any]) -> bool:
        with postgres.bounded(connection, PATIENCE_SECONDS):
            rows = await (await connection.execute(_READ)).fetchall()
        self.heard = [Heard(*row[1:]) for row in rows if row[1] is not None]
        return bool(rows[0][0])

    async def _write(self, *, read_only: bool) -> None:
        due = time.monotonic() - self._told_at >= TELL_SECONDS
        if not due and not degraded.holds(modes.UNWRITABLE):
            return
        if read_only:
            degraded.note(modes.UNWRITABLE, held=True)
            return
        connection = await self._connected()
        try:
            with postgres.bounded(connection, PATIENCE_SECONDS):
                await connection.execute(
                    parts.TELL.encode(), parts.said_by("web", f"web {self._name}", self.said())
                )
        except psycopg.errors.DiskFull:
            degraded.note(modes.UNWRITABLE, held=True)
        except AWAY as error:
            self._missed(error)
            await self._hang_up()
        else:
            degraded.note(modes.UNWRITABLE, held=False)
            self._told_at = time.monotonic()

    async def _count_kept(self) -> None:
        if time.monotonic() - self._counted_at >= KEPT_SECONDS:
            self._counted_at = time.monotonic()
            self.kept = await asyncio.to_thread(_kept, Path(settings.JOURNAL_DIR))
            degraded.note(modes.KEPT, held=self.kept > 0)

    async def _connected(self) -> psycopg.AsyncConnection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = None
            conninfo = postgres.conninfo(name=_SESSION, statement_seconds=2)
            async with asyncio.timeout(PATIENCE_SECONDS):
                self._connection = await psycopg.AsyncConnection.connect(conninfo, autocommit=True)
        return self._connection

    async def _hang_up(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(psycopg.Error):
                await self._connection.close()
            self._connection = None


def _kept(directory: Path) -> int:
    try:
        return sum(1 for _ in directory.glob("*.kept"))
    except OSError:
        return 0  # there is no journal at all, as `manage.py check` and the log say
