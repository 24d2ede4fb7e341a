"""How the output of several processes is shown: one aligned prefix per process, coloured on a terminal."""

import contextlib
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Protocol

__all__ = ["BoundedLog", "Lines", "Screen"]

NAMES = ("engines", "migrate", "demo", "sandbox", "web", "worker", "beat", "up")
COLOURS = {name: f"\x1b[{code}m" for name, code in zip(NAMES, (35, 34, 34, 33, 32, 36, 36, 1), strict=True)}
PLAIN = "\x1b[0m"
WIDTH = max(map(len, NAMES))
LOG_BYTES_KEPT = 10_000_000


class Screen(Protocol):
    """Where people read along."""

    def write(self, text: str, /) -> object:
        """Append the text."""

    def flush(self) -> None:
        """Show what was appended."""

    def isatty(self) -> bool:
        """Whether colours are understood."""


class BoundedLog:
    """A log file that never grows far beyond its bound: a full one becomes FILE.1 and takes the place of that."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = self._open()

    def write(self, text: str) -> None:
        """Append, visible at once."""
        self._file.write(text)
        self._file.flush()
        if os.fstat(self._file.fileno()).st_size > LOG_BYTES_KEPT:
            self._file.close()
            self.path.replace(self.path.with_name(self.path.name + ".1"))
            self._file = self._open()

    def flush(self) -> None:
        """Nothing is held back."""

    def isatty(self) -> bool:
        """A file is no terminal."""
        return False

    def fileno(self) -> int:
        """The open file, for output that is not ours."""
        return self._file.fileno()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _open(self) -> IO[str]:
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return os.fdopen(descriptor, "a", encoding="utf-8", errors="replace")


class Lines:
    """The terminal (or a file in its place), and beside it one log file per process in `directory`."""

    def __init__(self, directory: Path, screen: Screen) -> None:
        self.screen = screen
        self.coloured = screen.isatty() and "NO_COLOR" not in os.environ
        self.directory = directory
        self.logs: dict[str, BoundedLog] = {}

    def log_path(self, name: str) -> Path:
        """Where the lines of one process are kept; the log before it is NAME.log.1."""
        return self.directory / f"{name}.log"

    def show(self, name: str, line: str) -> None:
        """Write one line of one process."""
        self.log(name, line)
        colour, plain = (COLOURS[name], PLAIN) if self.coloured else ("", "")
        self.write(f"{colour}{name:<{WIDTH}} |{plain} {line}\n")

    def log(self, name: str, line: str) -> None:
        """Write one line of one process to its log alone."""
        if name not in self.logs:
            self.logs[name] = BoundedLog(self.log_path(name))
        self.logs[name].write(line + "\n")

    @contextlib.contextmanager
    def writer(self, name: str) -> Iterator[IO[str]]:
        """A text file whose lines are shown as they are completed, the last one in any case."""
        writer = _Writer(lambda line: self.show(name, line))
        try:
            yield writer
        finally:
            writer.end()

    def write(self, text: str) -> None:
        """Write text as it is; a terminal that has gone away must not stop the services."""
        with contextlib.suppress(OSError):
            self.screen.write(text)
            self.screen.flush()

    def close(self) -> None:
        """Close the log files."""
        while self.logs:
            self.logs.popitem()[1].close()


class _Writer(io.StringIO):
    """Hands on whole lines."""

    def __init__(self, show: Callable[[str], None]) -> None:
        super().__init__()
        self._show = show

    def write(self, text: str) -> int:
        *lines, rest = (self.getvalue() + text).split("\n")
        self.seek(0)
        self.truncate()
        super().write(rest)
        for line in lines:
            self._show(line)
        return len(text)

    def end(self) -> None:
        if self.getvalue():
            self.write("\n")
