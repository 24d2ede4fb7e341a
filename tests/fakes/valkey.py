"""A Valkey of a test's own, which may be stopped, started, frozen, slowed and emptied."""

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from kernel.engines.binaries import binaries

from .ports import free_port

__all__ = ["Valkey", "own_valkey"]

START_SECONDS = 20.0
ANSWERS_FOR_SECONDS = 0.02


@dataclass
class Valkey:
    """A server on a port of its own; what it held is gone when it stops."""

    port: int
    home: str
    process: "subprocess.Popen[bytes] | None" = None
    _ends: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it; returns when it answers."""
        options = ("--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", self.home)
        self.process = subprocess.Popen(
            [str(binaries().valkey), *options, "--maxmemory-policy", "noeviction"], stdout=subprocess.DEVNULL
        )
        deadline = time.monotonic() + START_SECONDS
        while self.ask("PING") != b"+PONG\r\n":
            assert time.monotonic() < deadline, "the Valkey did not start"
            time.sleep(0.02)

    def stop(self) -> None:
        """Kill it; returns when it is gone."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def freeze(self) -> None:
        """Have it accept connections and answer nothing, until it is thawed."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def slow(self, seconds: float) -> None:
        """Have it answer once in so many seconds, for a moment, until `steady`."""

        def pauses() -> None:
            while True:
                self.freeze()
                if self._ends.wait(seconds):
                    break
                self.thaw()
                time.sleep(ANSWERS_FOR_SECONDS)

        self._run(pauses)

    def flap(self, seconds: float) -> None:
        """Stop and start it in turn, so many seconds each, until `steady`."""

        def up_and_down() -> None:
            while not self._ends.is_set():
                self.stop()
                self._ends.wait(seconds)
                self.start()
                self._ends.wait(seconds)

        self._run(up_and_down)

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something in so many seconds."""

        def wait() -> None:
            self._ends.wait(seconds)
            act()

        self._run(wait)

    def again(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something now and every so many seconds, until `steady`."""

        def repeat() -> None:
            while not self._ends.is_set():
                act()
                self._ends.wait(seconds)

        self._run(repeat)

    def fill(self) -> None:
        """Have it refuse to write, as one does whose memory is used up, until `steady`."""
        assert self.ask("CONFIG", "SET", "maxmemory", "1") == b"+OK\r\n"

    def steady(self) -> None:
        """End all that goes on with it, and have it run and answer."""
        self._ends.set()
        while self._threads:
            self._threads.pop().join()
        self._ends.clear()
        self.thaw()
        if self.process is None:
            self.start()
        self.ask("CONFIG", "SET", "maxmemory", "0")

    def flush(self) -> None:
        """Forget everything."""
        assert self.ask("FLUSHALL") == b"+OK\r\n"

    def ask(self, *words: str) -> bytes:
        """Return the first bytes of its answer to a command, or nothing where nobody answers within a second."""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as wire:
            wire.settimeout(1)
            wire.sendall(" ".join(words).encode() + b"\r\n")
            return wire.recv(65536)
        return b""

    def _run(self, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target)
        self._threads.append(thread)
        thread.start()

    def _signal(self, number: signal.Signals) -> None:
        if self.process is not None:
            os.kill(self.process.pid, number)


@contextmanager
def own_valkey() -> Iterator[Valkey]:
    """Run one on a free port; it ends with the block."""
    with tempfile.TemporaryDirectory(prefix="tollway-valkey-") as home:
        valkey = Valkey(free_port(), home)
        valkey.start()
        try:
            yield valkey
        finally:
            valkey.steady()
            valkey.stop()
