"""`manage.py up`: the whole of Tollway on this machine, in the foreground or detached."""

import contextlib
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from config.supervisor.banner import banner
from config.supervisor.lines import BoundedLog, Lines, Screen
from config.supervisor.loop import Supervisor, stop_signals
from config.supervisor.plan import CHECKOUT, plan
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
            "--log", type=Path, help="write to this file, kept under 10 MB, not to the terminal"
        )
        parser.add_argument(
            "--detach", action="store_true", help="return once it is ready and leave it running"
        )

    def handle(self, *_arguments: Any, detach: bool, log: Path | None, **options: Any) -> None:
        wishes = Wishes(host=options["host"], port=options["port"], workers=options["workers"])
        try:
            if detach:
                _run_detached(wishes)
            elif log is not None:
                with contextlib.closing(BoundedLog(log)) as screen:
                    _run(wishes, screen)
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
    with claim():
        _check_external()
        port = wishes.port or free_port(wishes.host)
        refusal = port_taken(wishes.host, port)
        if refusal:
            raise UpError(refusal)
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

    with stop_signals(supervisor):
        needed = engines.missing()
        begun = time.monotonic()
        with engines.start("run", needed) if needed else contextlib.nullcontext() as own:
            if own is not None:
                lines.show("engines", f"{' and '.join(needed)} ready after {time.monotonic() - begun:.1f} s")
            supervisor.run(own, announce)
    lines.show("up", "stopped")


def _check_external() -> None:
    refusal = engines.check_external(os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL"))
    if refusal:
        raise UpError(refusal)


def _run_detached(wishes: Wishes) -> None:
    """Run `up` in a session of its own, wait until it is ready, and show its banner."""
    log = engines.state_file("run", "up.log")
    command = [sys.executable, str(CHECKOUT / "manage.py"), "up", "--log", str(log)]
    command += ["--host", wishes.host, "--port", str(wishes.port), "--workers", str(wishes.workers)]
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            cwd=CHECKOUT,
            start_new_session=True,
        )
    finally:
        os.close(descriptor)
    deadline = time.monotonic() + DETACHED_START_SECONDS
    try:
        while (state := load()) is None or state.pid != process.pid or not state.ready:
            if process.poll() is not None:
                said = log.read_text().strip().splitlines()
                raise UpError(f"{said[-1] if said else 'Tollway did not start.'}\nIts log is {log}.")
            if time.monotonic() > deadline:
                raise UpError(
                    f"Tollway was not ready within {DETACHED_START_SECONDS:.0f} s; its log is {log}."
                )
            time.sleep(0.1)
    except BaseException:
        process.terminate()
        process.wait()
        raise
    sys.stdout.write(banner(state))
    sys.stdout.write(f"It runs as process {process.pid}; its log is {log}; stop it with manage.py down.\n")
