"""The keeper: a small process that owns the engines of one home, restarts what dies and outlives no parent.

Its parent talks to it by pipes: a line "stop" or "restart NAME" goes in, one JSON object a line comes out. It holds the
home's lock as an inherited descriptor, so the lock is free exactly when it has ended. It is a process of its own because
a parent killed by SIGKILL can clean up nothing, and because the signal that Linux sends on a parent's death is bound to
the thread that forked: here there is only one.
"""

import contextlib
import json
import os
import select
import signal
import sys
import time

from kernel.engines import kinship, postgres
from kernel.engines.child import Child, child, log_path
from kernel.engines.homes import EnginesError

TICK_SECONDS = 0.1
READY_SECONDS = 120.0
QUICK_SECONDS = 5.0
QUICK_DEATHS_ALLOWED = 5
QUICK_DEATHS_WINDOW_SECONDS = 60.0
LOG_LINES_TOLD = 3


def main() -> int:
    """Keep the engines named on the command line until told to stop or orphaned; exit 1 when they cannot be kept."""
    purpose, names = sys.argv[1], sys.argv[2].split(",")
    os.set_blocking(sys.stdout.fileno(), False)  # a parent that never reads must not stop us
    kinship.adopt_orphans()
    keeper = Keeper([child(name, purpose) for name in names])
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, keeper.ask_to_stop)
    try:
        if "postgres" in names:
            postgres.create(purpose)
        keeper.keep()
    except EnginesError as error:
        say({"failed": str(error)})
        return 1
    except OSError as error:
        say({"failed": f"The engines cannot be started: {error}"})
        return 1
    finally:
        keeper.end()
    return 0


def say(event: dict[str, object]) -> None:
    """Tell the parent, if it still listens."""
    with contextlib.suppress(OSError):
        os.write(sys.stdout.fileno(), json.dumps(event).encode() + b"\n")


class Keeper:
    """The loop over some engines."""

    def __init__(self, children: list[Child]) -> None:
        self.children = children
        self.parent = os.getppid()
        self.stopping = False
        self.hurry = False
        self.commands = b""

    def ask_to_stop(self, *_signal: object) -> None:
        self.stopping = True

    def keep(self) -> None:
        """Start everything, then tick until told to stop; raises EnginesError when an engine will not live."""
        for one in self.children:
            one.spawn()
        while not self.stopping:
            for one in self.children:
                self.look_after(one)
            self.listen()

    def look_after(self, one: Child) -> None:
        """Notice that an engine became ready, died, or is due for its restart."""
        now = time.monotonic()
        if one.process is None:
            if now >= one.start_at:
                one.spawn()
            return
        code = one.process.poll()
        if code is not None:
            self.mourn(one, code, now)
        elif one.become_ready():
            say({"ready": one.name, "pid": one.process.pid, "seconds": round(now - one.start_at, 2)})
        elif one.ready_at is None and now - one.start_at > READY_SECONDS:
            raise EnginesError(_obituary(one, f"was not ready within {READY_SECONDS:.0f} s"))

    def mourn(self, one: Child, code: int, now: float) -> None:
        """Plan the restart of a dead engine, later each time it dies young; raises EnginesError after too many."""
        others = {
            other.process.pid for other in self.children if other.process is not None and other is not one
        }
        kinship.end_orphans(keep=others)
        cause = f"was ended by signal {-code}" if code < 0 else f"exited with code {code}"
        say({"died": one.name, "cause": cause})
        young = one.ready_at is None or now - one.ready_at < QUICK_SECONDS
        recent = [at for at in one.quick_deaths if now - at < QUICK_DEATHS_WINDOW_SECONDS]
        one.quick_deaths = [*recent, now] if young else []
        if len(one.quick_deaths) >= QUICK_DEATHS_ALLOWED:
            raise EnginesError(_obituary(one, f"{cause}, {QUICK_DEATHS_ALLOWED} times in a row"))
        one.process = None
        one.start_at = now + 0.1 * len(one.quick_deaths) ** 2

    def listen(self) -> None:
        """Wait one tick for a command; a closed pipe or another parent means that ours has died."""
        readable, _, _ = select.select([sys.stdin.fileno()], [], [], TICK_SECONDS)
        if readable:
            received = os.read(sys.stdin.fileno(), 4096)
            self.commands += received
            self.stopping = self.hurry = not received
        if os.getppid() != self.parent:  # a fork of the parent may hold its end of the pipe open
            self.stopping = self.hurry = True
        *lines, self.commands = self.commands.split(b"\n")
        for line in lines:
            self.obey(line.decode())

    def obey(self, line: str) -> None:
        command, _, name = line.partition(" ")
        if command == "stop":
            self.stopping = True
        for one in self.children:
            if command == "restart" and one.name == name:
                one.end(hurry=False)

    def end(self) -> None:
        """Stop every engine, the database last, and leave no descendant behind."""
        for one in reversed(self.children):
            one.end(hurry=self.hurry)
        kinship.end_orphans(keep=set())


def _obituary(one: Child, fate: str) -> str:
    log = log_path(one.purpose, one.name)
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - 4096))
        last = stream.read().decode(errors="replace").splitlines()[-LOG_LINES_TOLD:]
    return f"The embedded {one.name} {fate}; its log {log} ends: " + " | ".join(last)


if __name__ == "__main__":
    sys.exit(main())
