"""One process under the supervisor: started, read line by line, probed, restarted, ended."""

import contextlib
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import IO

from config.supervisor.plan import Command
from config.supervisor.servers import CHECKOUT
from kernel.engines.kinship import die_with_parent

__all__ = ["Process"]

LINE_BYTES = 65536
PROBE_SECONDS = 2.0
QUICK_SECONDS = 10.0
QUICK_DEATHS_ALLOWED = 5
QUICK_DEATHS_WINDOW_SECONDS = 60.0

_no_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Process:
    """A process that may be running; times are of the monotonic clock, in seconds."""

    def __init__(
        self, command: Command, environment: dict[str, str], show: Callable[[str, str], None]
    ) -> None:
        self.command = command
        self.show = show
        self.environment = environment
        self.ready = False
        self.start_at = 0.0
        self.quick_deaths: list[float] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._partial = b""

    @property
    def name(self) -> str:
        return self.command.name

    @property
    def running(self) -> bool:
        return self._process is not None

    def spawn(self, *, held: bool = False) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches only the supervisor; `held` until `let_go`."""
        self._process = subprocess.Popen(
            self.command.argv,
            cwd=CHECKOUT,
            env=self.environment,
            stdin=subprocess.PIPE if self.command.held else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            start_new_session=True,
            preexec_fn=die_with_parent(self.command.orphaned),  # safe: the supervisor has one thread
        )
        os.set_blocking(self.output, False)
        self.start_at = time.monotonic()
        self.ready = self.command.ready_url is None and self.command.ready_line is None
        if not held:
            self.let_go()

    @property
    def held(self) -> bool:
        """Whether it waits for `let_go` before it opens anything."""
        door = self._process.stdin if self._process is not None else None
        return door is not None and not door.closed

    def let_go(self) -> None:
        """Have it open what it opens."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    @property
    def output(self) -> int:
        """The descriptor its lines come from."""
        return self._stdout().fileno()

    def read(self) -> bool:
        """Show the lines it has written since the last call; False when there was nothing. Never waits."""
        received = b""
        with contextlib.suppress(BlockingIOError):
            received = os.read(self.output, LINE_BYTES)
        *whole, self._partial = (self._partial + received).split(b"\n")
        if len(self._partial) > LINE_BYTES:
            whole, self._partial = [*whole, self._partial], b""
        for line in whole:
            if self.command.ready_line is not None and self.command.ready_line in line:
                self.ready = True
            self.show(self.name, line.decode(errors="replace").rstrip("\r"))
        return bool(received)

    def probe(self) -> bool:
        """Whether it has just become ready."""
        if self.ready or self._process is None or self.command.ready_url is None:
            return False
        try:
            with _no_proxy.open(self.command.ready_url, timeout=PROBE_SECONDS) as answer:
                self.ready = answer.status == 200
        except (OSError, urllib.error.URLError):
            return False
        return self.ready

    def collect(self) -> int | None:
        """The exit code if it has ended since the last call; what it left behind goes with it."""
        if self._process is None or not self._has_ended():
            return None
        self.kill()  # before the leader is buried, while the group's number is surely still ours
        code = self._process.wait()
        self.let_go()
        while self.read():
            pass
        if self._partial:
            self.show(self.name, self._partial.decode(errors="replace"))
        self._stdout().close()
        self._process, self._partial, self.ready = None, b"", False
        return code

    def _stdout(self) -> IO[bytes]:
        assert self._process is not None
        assert self._process.stdout is not None
        return self._process.stdout

    def _has_ended(self) -> bool:
        assert self._process is not None
        return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def may_restart(self, now: float) -> bool:
        """Note a death and plan the next start, later each time it died young; False after too many young deaths."""
        young = now - self.start_at < QUICK_SECONDS
        recent = [at for at in self.quick_deaths if now - at < QUICK_DEATHS_WINDOW_SECONDS]
        self.quick_deaths = [*recent, now] if young else []
        self.start_at = now + 0.2 * len(self.quick_deaths) ** 2
        return len(self.quick_deaths) < QUICK_DEATHS_ALLOWED

    def ask_to_end(self) -> None:
        """Ask politely; one that is held serves nobody and need not be asked."""
        if self.held:
            self.kill()
        elif self._process is not None:
            self._process.terminate()

    def kill(self) -> None:
        """End it and its children at once."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
