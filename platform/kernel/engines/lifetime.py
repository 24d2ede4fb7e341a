"""Starting, watching and stopping the engines of one home, from the process that needs them."""

import contextlib
import fcntl
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

from kernel.engines import postgres, valkey
from kernel.engines.homes import EnginesError, Urls, home, prepare, urls

__all__ = ["ALL", "Engines", "EnginesBusy", "Event", "borrowed", "missing", "running", "start"]

ALL = ("postgres", "valkey")
LOCK_SECONDS = 1.5
START_SECONDS = 300.0
STOP_SECONDS = 45.0
BORROW_SECONDS = 60.0


class EnginesBusy(EnginesError):
    """Another live process has the engines of this home."""


@dataclass(frozen=True)
class Event:
    """Something that happened to an engine, as one line to show."""

    engine: str
    text: str


def missing() -> tuple[str, ...]:
    """The engines that no DATABASE_URL or REDIS_URL replaces."""
    variables = {"postgres": "DATABASE_URL", "valkey": "REDIS_URL"}
    return tuple(name for name in ALL if not os.environ.get(variables[name]))


def running(purpose: str, engines: tuple[str, ...] = ALL) -> bool:
    """Whether the embedded engines of this home take connections now, whoever started them."""
    checks = {"postgres": postgres.is_served, "valkey": valkey.is_ready}
    return all(checks[name](purpose) for name in engines)


def start(purpose: str, engines: tuple[str, ...] = ALL) -> "Engines":
    """Start the embedded engines and wait until they take connections; use the answer as a context manager.

    Raises EnginesBusy when another live process has them, EnginesError when they cannot be started.
    """
    prepare(purpose)
    started = Engines(purpose, engines)
    started._launch()
    return started


@contextlib.contextmanager
def borrowed(purpose: str) -> Iterator[None]:
    """Have engines for a while: those of the URLs in the environment, those already running, or else our own.

    Whoever borrows from a process that ends first loses them with it.
    """
    needed = missing()
    deadline = time.monotonic() + BORROW_SECONDS
    own: Engines | None = None
    while own is None and needed and not running(purpose, needed):
        try:
            own = start(purpose, needed)
        except EnginesBusy:  # somebody else is just starting or stopping them
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
    with own or contextlib.nullcontext():
        yield


class Engines:
    """Running engines of one home; leaving the `with` block stops them, and so does the death of this process."""

    def __init__(self, purpose: str, engines: tuple[str, ...]) -> None:
        self.purpose = purpose
        self.engines = engines
        self.pids: dict[str, int] = {}
        self._keeper: subprocess.Popen[bytes] | None = None
        self._heard = b""

    @property
    def urls(self) -> Urls:
        """How to reach them; the same before and after any restart."""
        return urls(self.purpose)

    def watch(self) -> list[Event]:
        """What happened since the last call; never blocks while the keeper lives.

        A dead engine is restarted by the keeper, a dead keeper here. Raises EnginesError when that is hopeless.
        """
        events = self._hear(0.0)
        if self._keeper is not None and self._keeper.poll() is not None:
            events += self._hear(0.0)
            _close(self._keeper)
            events.append(Event("keeper", "the keeper of the engines died; starting it and them again"))
            self._launch()
        return events

    def restart(self, name: str) -> None:
        """Stop one engine politely and let the keeper start it again; `watch` tells when it is ready."""
        self._tell(f"restart {name}\n")

    def stop(self) -> None:
        """Stop the engines and wait for their end; harmless when they have stopped already."""
        keeper, self._keeper = self._keeper, None
        if keeper is None:
            return
        with contextlib.suppress(BrokenPipeError):
            _pipe(keeper.stdin).write(b"stop\n")
        try:
            keeper.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            keeper.kill()  # its children are told by the system and end at once
            keeper.wait()
        _close(keeper)

    def __enter__(self) -> "Engines":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _launch(self) -> None:
        lock = _lock(home(self.purpose))
        paths = [str(Path(__file__).resolve().parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        try:
            self._keeper = subprocess.Popen(
                # -P: the working directory must not offer its own modules
                [sys.executable, "-P", "-m", "kernel.engines.keeper", self.purpose, ",".join(self.engines)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                cwd=home(self.purpose),
                env=environment,
                pass_fds=[lock],
                start_new_session=True,  # Ctrl-C is for us; we stop the engines when all that use them have stopped
            )
        finally:
            os.close(lock)
        self.pids, self._heard = {}, b""
        try:
            self._await_ready()
            if "postgres" in self.engines:
                postgres.provision(self.purpose)
        except BaseException:
            self.stop()
            raise

    def _await_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while len(self.pids) < len(self.engines):
            self._hear(0.5)
            if self._keeper is not None and self._keeper.poll() is not None:
                self._hear(0.0)
                raise EnginesError(f"The keeper of the engines ended with code {self._keeper.returncode}.")
            if time.monotonic() > deadline:
                raise EnginesError(
                    f"The engines were not ready within {START_SECONDS:.0f} s; see {home(self.purpose)}/logs."
                )

    def _tell(self, line: str) -> None:
        if self._keeper is None:
            raise EnginesError("The engines are not running.")
        _pipe(self._keeper.stdin).write(line.encode())

    def _hear(self, seconds: float) -> list[Event]:
        """Read what the keeper said, waiting at most `seconds` for the first word."""
        if self._keeper is None:
            return []
        output = _pipe(self._keeper.stdout).fileno()
        while select.select([output], [], [], seconds)[0]:
            received = os.read(output, 65536)
            if not received:
                break
            self._heard += received
            seconds = 0.0
        *lines, self._heard = self._heard.split(b"\n")
        return [self._understand(json.loads(line)) for line in lines]

    def _understand(self, said: dict[str, object]) -> Event:
        if "failed" in said:
            raise EnginesError(str(said["failed"]))
        if "ready" in said:
            name = str(said["ready"])
            self.pids[name] = int(str(said["pid"]))
            return Event(name, f"ready after {said['seconds']} s (process {said['pid']})")
        name = str(said["died"])
        self.pids.pop(name, None)
        return Event(name, f"{said['cause']}; restarting")


def _lock(directory: Path) -> int:
    """The home's lock as an open descriptor; raises EnginesBusy when a live process has it."""
    lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() < deadline:  # the holder may be ending
                time.sleep(0.05)
                continue
            holder = os.pread(lock, 20, 0).decode() or "unknown"
            os.close(lock)
            raise EnginesBusy(
                f"The engines in {directory} are already in use by process {holder}; stop it first (manage.py down)."
            ) from None
        if not _is_file(lock, directory / "lock"):
            os.close(lock)
            raise EnginesError(f"{directory} was removed during the start; start again.")
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        return lock


def _is_file(descriptor: int, path: Path) -> bool:
    """Whether the descriptor is the file at that path: a lock on a file that has been removed protects nothing."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None, "the keeper is started with pipes"
    return stream


def _close(keeper: subprocess.Popen[bytes]) -> None:
    _pipe(keeper.stdin).close()
    _pipe(keeper.stdout).close()
