"""What may happen at a failpoint, and the plan by which it does: a file that the armed process reads anew when it changes."""

import contextlib
import json
import os
import signal
import socket
import stat
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from django.conf import settings

from kernel import failpoints

__all__ = ["Action", "Fault", "Hit", "Plan", "arm", "hits"]

Action = Literal["kill", "cut", "deaf", "fail", "stall"]
STALL_SECONDS = 1.0
GREATEST_DESCRIPTOR = 1024


class Failed(Exception):
    """What `fail` raises."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens when a failpoint is reached for the n-th time since the plan was written.

    `kill` is SIGKILL. `cut` breaks every connection to PostgreSQL beneath libpq; `deaf` leaves it the way out: what
    is said next arrives there, and no answer comes back. `fail` raises, `stall` sleeps, and the event loop with it.
    """

    point: str
    action: Action
    nth: int = 1


@dataclass(frozen=True, slots=True)
class Hit:
    """A fault that happened, at a Unix time."""

    point: str
    action: str
    at: float


@dataclass(frozen=True, slots=True)
class Plan:
    """The faults of one process: where they are written down, and where it writes what happened."""

    path: Path
    log: Path

    def write(self, faults: Sequence[Fault]) -> None:
        """Replace the faults; all counting begins anew."""
        draft = self.path.with_suffix(".new")
        draft.write_text(json.dumps([asdict(fault) for fault in faults]))
        draft.rename(self.path)


def hits(log: Path) -> list[Hit]:
    """Return what happened, in order."""
    return [Hit(**json.loads(line)) for line in log.read_text().splitlines()] if log.exists() else []


def arm(plan: Plan) -> None:
    """Have this process follow a plan."""
    failpoints.arm(_Armed(plan).reached)


class _Armed:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._read_at = 0
        self._faults: list[Fault] = []
        self._reached: Counter[str] = Counter()

    def reached(self, point: str) -> None:
        """Count, and do what the plan says for this time."""
        written_at = os.stat(self._plan.path).st_mtime_ns
        if written_at != self._read_at:
            self._read_at = written_at
            self._faults = [Fault(**told) for told in json.loads(self._plan.path.read_text())]
            self._reached.clear()
        self._reached[point] += 1
        for fault in self._faults:
            if (fault.point, fault.nth) == (point, self._reached[point]):
                self._happen(fault)

    def _happen(self, fault: Fault) -> None:
        line = json.dumps(asdict(Hit(fault.point, fault.action, time.time()))) + "\n"
        descriptor = os.open(self._plan.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(descriptor, line.encode())
        os.close(descriptor)
        match fault.action:
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "cut":
                _shut(socket.SHUT_RDWR)
            case "deaf":
                _shut(socket.SHUT_RD)
            case "fail":
                raise Failed(fault.point)
            case "stall":
                time.sleep(STALL_SECONDS)


def _shut(how: int) -> None:
    """Shut every connection of this process to PostgreSQL; who has it open is not asked."""
    for wire in list(_wires()):
        with wire, contextlib.suppress(OSError):
            wire.shutdown(how)


def _wires() -> Iterator[socket.socket]:
    """Yield every socket of this process that leads to PostgreSQL, as a second handle on it."""
    for descriptor in range(3, GREATEST_DESCRIPTOR):
        with contextlib.suppress(OSError):  # it is not open, or not connected
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                wire = socket.socket(fileno=os.dup(descriptor))
                if _leads_to_postgres(wire):
                    yield wire
                else:
                    wire.close()


def _leads_to_postgres(wire: socket.socket) -> bool:
    try:
        peer = wire.getpeername()
    except OSError:
        return False
    if isinstance(peer, tuple):
        return bool(peer[1] == int(settings.DATABASES["default"]["PORT"] or 5432))
    return ".s.PGSQL." in os.fsdecode(peer)
