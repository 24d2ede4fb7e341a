"""The second witness: one line for each accepted call, on disk before the caller can have the whole answer."""

import asyncio
import os
from pathlib import Path
from typing import Any

import orjson

__all__ = ["Witness"]


class Witness:
    """An append-only file of JSON lines. Calls that end together share one fsync. Without a path it is mute."""

    def __init__(self, path: Path | None) -> None:
        """Open the file for appending. Raises OSError when that cannot be done."""
        self._file = None if path is None else os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    @property
    def mute(self) -> bool:
        """Nothing is written."""
        return self._file is None

    def append(self, fact: dict[str, Any]) -> asyncio.Future[None]:
        """Write one line; the future is done when it is on disk, or fails with the OSError that prevented it."""
        written = asyncio.get_running_loop().create_future()
        if self._file is None:
            written.set_result(None)
            return written
        self._waiting.append((orjson.dumps(fact, option=orjson.OPT_APPEND_NEWLINE), written))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        return written

    async def close(self) -> None:
        """Wait for what was appended, then close the file."""
        if self._writing is not None:
            await self._writing
        if self._file is not None:
            os.close(self._file)
            self._file = None

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                await asyncio.to_thread(self._commit, b"".join(line for line, _ in batch))
            except OSError as error:
                for _, written in batch:
                    if not written.done():
                        written.set_exception(error)
                continue
            for _, written in batch:
                # A caller that hung up has cancelled its wait; its line is on disk all the same.
                if not written.done():
                    written.set_result(None)

    def _commit(self, lines: bytes) -> None:
        assert self._file is not None
        written = 0
        while written < len(lines):
            written += os.write(self._file, lines[written:])
        os.fsync(self._file)
