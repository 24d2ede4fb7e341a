"""What a running `up` leaves for others to read: its lock, process id, ports; and which ports are free."""

import errno
import fcntl
import json
import os
import socket
import time
from dataclasses import asdict, dataclass, fields

from config.supervisor.plan import reachable
from kernel import engines

__all__ = ["State", "UpError", "claim", "free_port", "holder", "is_up", "load", "port_taken", "save"]


class UpError(Exception):
    """`up` cannot go on; the message is one plain sentence."""


@dataclass(frozen=True)
class State:
    """One run of `up`, the last or the present one."""

    pid: int
    host: str
    port: int
    sandbox_port: int
    ready: bool

    @property
    def origin(self) -> str:
        """The address of the site, without a slash at the end."""
        return f"http://{reachable(self.host)}:{self.port}"


def load() -> State | None:
    """The last run that was written down, if any."""
    path = engines.home("run") / "up.json"
    try:
        kept = json.loads(path.read_text())
        return State(**{field.name: kept[field.name] for field in fields(State)})
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        raise UpError(f"{path} cannot be read; remove it.") from None


def save(state: State) -> None:
    """Write a run down, whole or not at all."""
    path = engines.state_file("run", "up.json")
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(asdict(state)))
    draft.replace(path)


def claim() -> None:
    """Be the only `up` of this checkout until this process ends. Raises UpError while another one lives."""
    lock = _try_lock()
    if lock is None:
        raise UpError(f"Tollway is already up (process {holder()}); stop it with manage.py down.")
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)


def is_up() -> bool:
    """Whether an `up` of this checkout lives."""
    lock = _try_lock()
    if lock is not None:
        os.close(lock)
    return lock is None


def _try_lock(*, seconds: float = 0.5) -> int | None:
    lock = os.open(engines.state_file("run", "up.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except BlockingIOError:
            if time.monotonic() > deadline:  # somebody who only looks lets go at once
                os.close(lock)
                return None
            time.sleep(0.05)


def holder() -> int | None:
    """The process id of the live `up`, or None while there is none or it has not yet said its name."""
    if not is_up():
        return None
    written = engines.state_file("run", "up.lock").read_text()
    return int(written) if written else None


def port_taken(host: str, port: int) -> str | None:
    """One plain sentence why nothing can listen there, or None."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # as the server does: TIME_WAIT is no obstacle
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return f"Port {port} on {host} is taken by another program; stop it or choose another with --port."
            return f"Nothing can listen on {host} port {port} ({error.strerror}); choose another with --host or --port."
    return None


def free_port(host: str = "127.0.0.1", wished: int | None = None) -> int:
    """The wished port if it is free, else one the system offers."""
    if wished and port_taken(host, wished) is None:
        return wished
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
