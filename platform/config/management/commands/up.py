"""`manage.py up`: the whole of Tollway on this machine, in the foreground or detached."""

import contextlib
import os
import signal
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandParser

from config import env
from config.supervisor.banner import banner
from config.supervisor.lines import BoundedLog, Lines, Screen
from config.supervisor.loop import Supervisor, stop_signals
from config.supervisor.plan import plan
from config.supervisor.state import State, UpError, claim, free_port, load, port_taken, save
from kernel import engines

DETACHED_START_SECONDS = 300.0


class Command(BaseCommand):
    """Start engines, migrate, load the demo, then serve until stopped."""

    help = "Start Tollway: engines, migrations, demo data, web, worker, beat and the sandbox upstream."
    requires_system_checks: list[str] = []  # they may ask the database, which is not up yet

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on; 0 takes a free one")
        parser.add_argument("--workers", type=int, default=1, help="web processes")
        parser.add_argument(
            "--detach", action="store_true", help="return once it is ready and leave it running"
        )

    def handle(self, *_arguments: Any, detach: bool, **options: Any) -> None:
        wishes = Wishes(host=options["host"], port=options["port"], workers=options["workers"])
        try:
            if detach:
                _run_detached(wishes)
            else:
                _run(wishes, self.stdout)
        except (UpError, engines.EnginesError) as error:
            self.stderr.write(str(error))
            sys.exit(1)


@dataclass(frozen=True)
class Wishes:
    """What was asked for on the command line."""

    host: str
    port: int
    workers: int


def _run(wishes: Wishes, screen: Screen) -> None:
    claim()
    _check_external()
    refusal = port_taken(wishes.host, wishes.port)
    if refusal:
        raise UpError(refusal)
    os.environ[env.SECOND_FACTOR] = _second_factor(wishes.host)
    port = wishes.port or free_port(wishes.host)
    last = load()
    state = State(
        pid=os.getpid(),
        host=wishes.host,
        port=port,
        sandbox_port=free_port(wished=last.sandbox_port if last else None),
        ready=False,
    )
    save(state)
    logs = engines.state_file("run", "logs")
    logs.mkdir(mode=0o700, exist_ok=True)
    with contextlib.closing(Lines(logs, screen)) as lines:
        _supervise(state, wishes.workers, lines)


def _supervise(state: State, workers: int, lines: Lines) -> None:
    what = plan(
        host=state.host,
        port=state.port,
        workers=workers,
        sandbox_port=state.sandbox_port,
        home=engines.home("run"),
    )
    supervisor = Supervisor(what, lines)

    def announce() -> None:
        save(State(**{**vars(state), "ready": True}))
        lines.write(banner(state))

    with stop_signals(supervisor), supervisor.loading():
        needed = engines.missing()
        begun = time.monotonic()
        with engines.start("run", needed) if needed else contextlib.nullcontext() as own:
            if own is not None:
                lines.show("engines", f"{' and '.join(needed)} ready after {time.monotonic() - begun:.1f} s")
            supervisor.run(own, announce)
    lines.show("up", "stopped")


def _second_factor(host: str) -> str:
    """Return whether operators show a second factor: not on a demo that this machine alone can reach."""
    asked = os.environ.get(env.SECOND_FACTOR)
    alone = host in {"localhost", "127.0.0.1", "::1"}
    if asked is None:
        return "no" if alone and env.embedded() else "yes"
    if not alone and not env.flag(env.SECOND_FACTOR, default=True):
        raise UpError(
            f"{env.SECOND_FACTOR}=no is for this machine alone: listen on 127.0.0.1, or leave it out."
        )
    return asked


def _check_external() -> None:
    refusal = engines.check_external(os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL"))
    if refusal:
        raise UpError(refusal)


def _run_detached(wishes: Wishes) -> None:
    """Run in a process and session of its own, wait until it is ready, and show its banner."""
    log = engines.state_file("run", "up.log")
    log.unlink(missing_ok=True)
    pid = os.fork()  # Django is loaded, and nothing else: no thread, no connection
    if pid == 0:
        _become_detached(wishes, log)
    deadline = time.monotonic() + DETACHED_START_SECONDS
    try:
        while (state := load()) is None or state.pid != pid or not state.ready:
            if os.waitpid(pid, os.WNOHANG) != (0, 0):
                raise UpError(f"{_last_line(log)}\nIts log is {log}.")
            if time.monotonic() > deadline:
                raise UpError(f"Not ready within {DETACHED_START_SECONDS:.0f} s; its log is {log}.")
            time.sleep(0.1)
    except KeyboardInterrupt:
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
        raise UpError("Broken off.") from None
    sys.stdout.write(banner(state))
    sys.stdout.write(f"It runs as process {pid}; its log is {log}; stop it with manage.py down.\n")


def _become_detached(wishes: Wishes, log: Path) -> NoReturn:
    """Leave the terminal and run; ends the process."""
    code = 1
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        with contextlib.closing(BoundedLog(log)) as screen:
            for descriptor in (0, 1, 2):
                os.dup2(null if descriptor == 0 else screen.fileno(), descriptor)
            try:
                _run(wishes, screen)
                code = 0
            except (UpError, engines.EnginesError) as error:
                screen.write(f"{error}\n")
            except Exception:
                screen.write(traceback.format_exc())
    finally:
        os._exit(code)


def _last_line(log: Path) -> str:
    lines = log.read_text().strip().splitlines() if log.exists() else []
    return lines[-1] if lines else "Tollway did not start."
