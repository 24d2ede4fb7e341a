"""How the output of several processes is shown: one aligned prefix per process, coloured on a terminal."""

import contextlib
import os
import sys
from pathlib import Path
from typing import IO

__all__ = ["Lines"]

NAMES = ("engines", "migrate", "demo", "sandbox", "web", "worker", "beat", "up")
COLOURS = {name: f"\x1b[{code}m" for name, code in zip(NAMES, (35, 34, 34, 33, 32, 36, 36, 1), strict=True)}
PLAIN = "\x1b[0m"
WIDTH = max(map(len, NAMES))
LOG_BYTES_KEPT = 10_000_000


class Lines:
    """The terminal, and beside it one log file per process in `directory`."""

    def __init__(self, directory: Path, stream: IO[str] | None = None) -> None:
        self.stream = stream or sys.stdout
        self.coloured = self.stream.isatty() and "NO_COLOR" not in os.environ
        self.directory = directory
        self.logs: dict[str, IO[str]] = {}

    def log_path(self, name: str) -> Path:
        """Where the lines of one process are kept; the log before it is NAME.log.1."""
        return self.directory / f"{name}.log"

    def show(self, name: str, line: str) -> None:
        """Write one line of one process."""
        log = self.logs.get(name) or self._open(name)
        log.write(line + "\n")
        log.flush()
        colour, plain = (COLOURS[name], PLAIN) if self.coloured else ("", "")
        self.write(f"{colour}{name:<{WIDTH}} |{plain} {line}\n")

    def write(self, text: str) -> None:
        """Write text as it is; a terminal that has gone away must not stop the services."""
        with contextlib.suppress(OSError):
            self.stream.write(text)
            self.stream.flush()

    def close(self) -> None:
        """Close the log files."""
        while self.logs:
            self.logs.popitem()[1].close()

    def _open(self, name: str) -> IO[str]:
        path = self.log_path(name)
        if path.exists() and path.stat().st_size > LOG_BYTES_KEPT:
            path.replace(path.with_name(path.name + ".1"))
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.logs[name] = os.fdopen(descriptor, "a", encoding="utf-8", errors="replace")
        return self.logs[name]
