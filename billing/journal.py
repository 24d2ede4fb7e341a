"""The file that settlements wait in while the database is away: one line of JSON each, with a checksum, on the disk."""

import dataclasses
import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from catalog.pricing import Counts
from kernel.failpoints import failpoint

from .settlement import FailedAttempt, Settlement

__all__ = ["MOST_BYTES", "MOST_LINES", "Full", "Journal", "Torn", "line", "places", "read"]

MOST_LINES = 100_000
MOST_BYTES = 256 * 1024 * 1024
_NAME = "settlements-{}.jsonl"
_HEAD, _HEX = b'{"sha256":"', 64
_BODY_AT = len(_HEAD) + _HEX + len(b'",')


class Torn(ValueError):
    """A line that is not what was written: cut short, or changed since."""


class Full(Exception):
    """The journal holds as much as it may."""


def line(item: Settlement) -> bytes:
    """Return a settlement as one line, its end included. The checksum covers the bytes that follow it."""
    body = orjson.dumps({"settlement": dataclasses.asdict(item)})[1:]
    return _HEAD + hashlib.sha256(body).hexdigest().encode() + b'",' + body + b"\n"


def read(text: bytes) -> Settlement:
    """Return the settlement of one line, with or without its end. Raises Torn."""
    text = text.removesuffix(b"\n")
    head, sum_, body = text[: len(_HEAD)], text[len(_HEAD) : _BODY_AT - 2], text[_BODY_AT:]
    if head != _HEAD or text[_BODY_AT - 2 : _BODY_AT] != b'",':
        raise Torn("it does not begin with a checksum")
    if hashlib.sha256(body).hexdigest().encode() != sum_:
        raise Torn("its checksum is another")
    try:
        return _settlement(orjson.loads(b"{" + body)["settlement"])
    except (KeyError, TypeError, ValueError) as error:
        raise Torn(f"it holds no settlement of this version: {error}") from error


def _settlement(told: dict[str, Any]) -> Settlement:
    tries = [
        FailedAttempt(**{**failed, "started_at": datetime.fromisoformat(failed["started_at"])})
        for failed in told["failed_attempts"]
    ]
    exact = {
        "request_id": UUID(told["request_id"]),
        "counts": Counts(**told["counts"]),
        "failed_attempts": tuple(tries),
    }
    return Settlement(**{**told, **exact})


def places(directory: Path) -> list[Path]:
    """Return the journals in a directory, of the living and of the dead."""
    return sorted(directory.glob(_NAME.format("*")))


class Journal:
    """A journal file and the lock on it: whoever holds the lock may write, replay and remove it.

    Every method touches the disk, so none is for an event loop; one thread at a time may use it.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.damaged = 0
        self.unfinished = 0
        self._file = descriptor
        self._size = 0
        self._refused = False
        self._broken = False
        self._waiting: dict[UUID, tuple[int, int]] = {}

    @classmethod
    def create(cls, directory: Path) -> "Journal":
        """Make an empty journal of its own in a directory, which is made if need be. Raises OSError."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        while True:
            path = directory / _NAME.format(secrets.token_hex(8))
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            if not _locked(descriptor, path):
                continue  # somebody took it for a dead process's, and removes it
            failpoint("journal.made")
            try:
                _sync_directory(directory)
            except OSError:
                os.close(descriptor)
                raise
            return cls(path, descriptor)

    @classmethod
    def take_over(cls, path: Path) -> "Journal | None":
        """Open a journal whose owner has died, with what waits in it; None if the owner lives. Raises OSError."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
        except FileNotFoundError:
            return None
        if not _locked(descriptor, path):
            return None
        journal = cls(path, descriptor)
        try:
            journal._scan()
        except OSError:
            os.close(descriptor)
            raise
        failpoint("journal.taken_over")
        return journal

    def __len__(self) -> int:
        """How many settlements wait."""
        return len(self._waiting)

    @property
    def waiting(self) -> list[UUID]:
        """The requests whose settlements wait, oldest first."""
        return list(self._waiting)

    def append(self, items: Sequence[Settlement]) -> None:
        """Add settlements; on return they are on the disk. Raises Full or OSError, and then none was added."""
        lines = [line(item) for item in items]
        length = sum(map(len, lines))
        if len(self._waiting) + len(lines) > MOST_LINES or self._size + length > MOST_BYTES:
            raise Full(f"{self.path} holds {len(self._waiting)} settlements, {self._size} bytes")
        if self._broken:
            raise OSError(f"{self.path} could not be put right after an error")
        failpoint("journal.begun")
        try:
            _write(self._file, b"".join(lines))
            failpoint("journal.written")
            os.fsync(self._file)
        except OSError:
            self._cut_back()
            raise
        failpoint("journal.synced")
        for item, text in zip(items, lines, strict=True):
            self._waiting[item.request_id] = (self._size, len(text))
            self._size += len(text)

    def read(self, requests: Iterable[UUID]) -> list[Settlement]:
        """Return the settlements of waiting requests. Raises Torn or OSError if the disk does not give them back."""
        places = [self._waiting[request] for request in requests if request in self._waiting]
        return [read(os.pread(self._file, length, start)) for start, length in places]

    def forget(self, requests: Iterable[UUID]) -> None:
        """Strike out what is settled; a journal in which nothing waits any more is emptied, or kept aside."""
        failpoint("journal.answered")
        for request in requests:
            self._waiting.pop(request, None)
        if not self._waiting and self._size and not self._refused and not self.damaged:
            os.ftruncate(self._file, 0)
            self._size = 0
            failpoint("journal.emptied")

    def refuse(self, request: UUID) -> None:
        """Wait no longer for a settlement that cannot be made; its line stays, for people to look at."""
        self._waiting.pop(request, None)
        self._refused = True

    def close(self) -> None:
        """Let go of it: with what waits it is left to the next process, with refused lines kept, else removed."""
        if not self._waiting:
            if self._refused or self.damaged:
                self.path.rename(self.path.with_suffix(".kept"))
            else:
                self.path.unlink()
                failpoint("journal.removed")
        os.close(self._file)

    def _scan(self) -> None:
        with open(self._file, "rb", closefd=False) as lines:
            for text in lines:
                try:
                    self._waiting[read(text).request_id] = (self._size, len(text))
                except Torn:
                    # Without an end it was never acknowledged: its process died while it wrote.
                    self.damaged += text.endswith(b"\n")
                    self.unfinished += not text.endswith(b"\n")
                self._size += len(text)

    def _cut_back(self) -> None:
        try:
            os.ftruncate(self._file, self._size)
            os.fsync(self._file)
        except OSError:
            self._broken = True


def _locked(descriptor: int, path: Path) -> bool:
    """Take the exclusive lock on an open file that is still in its place; otherwise close it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), path.stat()):
            return True
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return False


def _write(descriptor: int, text: bytes) -> None:
    left = memoryview(text)
    while left:
        left = left[os.write(descriptor, left) :]


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
