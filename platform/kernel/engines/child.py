"""One engine as a child process of the keeper: its command, its account, its log, its ways to end."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO

from kernel.engines import postgres, valkey
from kernel.engines.homes import dropped_account, home
from kernel.engines.kinship import die_with_parent

__all__ = ["Child", "child", "log_path"]

LOG_BYTES_KEPT = 10_000_000


@dataclass
class Child:
    """An engine that may be running; times are of the monotonic clock, in seconds."""

    name: str
    purpose: str
    argv: Callable[[], list[str]]
    clear: Callable[[], None]
    check: Callable[[int], bool]
    endings: tuple[tuple[signal.Signals, float], ...]  # each signal with the seconds it is given
    orphaned: signal.Signals
    process: subprocess.Popen[bytes] | None = None
    ready_at: float | None = None
    start_at: float = 0.0
    quick_deaths: list[float] = field(default_factory=list)

    def spawn(self) -> None:
        """Start the server with what an earlier one left behind cleared away."""
        self.clear()
        account = dropped_account()
        with _open_log(log_path(self.purpose, self.name)) as log:
            self.process = subprocess.Popen(
                self.argv(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=home(self.purpose) / self.name,
                env=postgres.environment(),
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
                umask=0o077,
                preexec_fn=die_with_parent(self.orphaned),
            )
        self.start_at = time.monotonic()
        self.ready_at = None

    def become_ready(self) -> bool:
        """Whether the server has just begun to take connections."""
        if self.process is None or self.ready_at is not None or not self.check(self.process.pid):
            return False
        self.ready_at = time.monotonic()
        return True

    def end(self, *, hurry: bool) -> None:
        """Stop the server: politely, and when that takes too long (or at once less patiently, in a hurry), by force."""
        if self.process is None:
            return
        for number, seconds in self.endings:
            if self.process.poll() is not None:
                return
            self.process.send_signal(number)
            try:
                self.process.wait(min(seconds, 1.5) if hurry else seconds)
            except subprocess.TimeoutExpired:
                continue


def child(name: str, purpose: str) -> Child:
    """The engine of that name ("postgres" or "valkey") in the home of that purpose."""
    if name == "postgres":
        return Child(
            name=name,
            purpose=purpose,
            argv=partial(postgres.argv, purpose),
            clear=partial(postgres.clear_leftovers, purpose),
            check=partial(postgres.is_ready, purpose),
            # fast shutdown, immediate shutdown (its own crash recovery follows), the end
            endings=((signal.SIGINT, 15.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)),
            orphaned=signal.SIGQUIT,
        )
    return Child(
        name=name,
        purpose=purpose,
        argv=partial(valkey.argv, purpose),
        clear=partial(valkey.clear_leftovers, purpose),
        check=lambda _pid: valkey.is_ready(purpose),
        endings=((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0)),
        orphaned=signal.SIGTERM,
    )


def log_path(purpose: str, name: str) -> Path:
    """The log of one engine; the one before it is kept beside it as NAME.log.1."""
    return home(purpose) / "logs" / f"{name}.log"


def _open_log(path: Path) -> BinaryIO:
    if path.exists() and path.stat().st_size > LOG_BYTES_KEPT:
        path.replace(path.with_name(path.name + ".1"))
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")
