"""Which processes make up Tollway, with which commands, and by what sign each one is ready."""

import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.management import call_command
from django.db import connections

from . import servers

__all__ = ["Command", "Plan", "Step", "plan"]

DRAIN_SLACK_SECONDS = 10.0


@dataclass(frozen=True)
class Command:
    """One process: how it is started, known to be ready, and given time to end; `after` which other one it begins.

    One that is `held` loads while engines start and steps run; it is served from once its standard input ends.
    """

    name: str
    argv: tuple[str, ...]
    ready_url: str | None = None  # answers 200 once ready
    ready_line: bytes | None = None  # is part of a line once ready; without either sign, ready when started
    after: str | None = None
    held: bool = False
    stop_seconds: float = 10.0
    orphaned: signal.Signals = signal.SIGTERM  # sent when the supervisor is killed


@dataclass(frozen=True)
class Step:
    """Work to be done before the services start, in the supervisor itself: its Django is loaded already."""

    name: str
    work: Callable[[IO[str]], None]  # writes what people should see


@dataclass(frozen=True)
class Plan:
    """Everything to run: steps one after the other, then services side by side, in order where one begins after another.

    They are stopped in the given order.
    """

    steps: tuple[Step, ...]
    services: tuple[Command, ...]
    stop_order: tuple[tuple[str, ...], ...]
    environment: dict[str, str]


def plan(*, host: str, port: int, workers: int, sandbox_port: int, home: Path) -> Plan:
    """The plan of a development machine."""
    sandbox_url = f"http://127.0.0.1:{sandbox_port}"
    settings.SANDBOX_URL = sandbox_url  # read before the port was chosen; the steps run in this process
    alone = workers == 1  # several web processes are started by one that keeps its input to itself
    sandbox = (sys.executable, "-m", "inference.sandbox", "--host", "127.0.0.1", "--port", str(sandbox_port))
    return Plan(
        steps=(
            Step("migrate", lambda output: _manage(output, "migrate", interactive=False)),
            Step("demo", lambda output: _manage(output, "demo", credentials=home / "credentials.json")),
        ),
        services=(
            Command("sandbox", sandbox, ready_url=f"{sandbox_url}/livez", stop_seconds=5.0),
            Command(
                "web",
                servers.web(host=host, port=port, processes=workers, held=alone),
                ready_url=f"http://{reachable(host)}:{port}/readyz",
                held=alone,
                stop_seconds=settings.DRAIN_SECONDS + DRAIN_SLACK_SECONDS,
            ),
            Command(
                "worker",
                servers.worker(processes=2),
                ready_line=b" ready.",
                after="web",  # callers are answered without it, and few processors load one program at a time
                stop_seconds=settings.CELERY_TASK_SOFT_TIME_LIMIT + 5.0,
                orphaned=signal.SIGQUIT,  # a warm stop would wait for a broker that has gone
            ),
            Command("beat", servers.beat(schedule=home / "beat-schedule"), after="web", stop_seconds=10.0),
        ),
        # The caller's streams end first; what they left to charge can still be charged; nobody else needs the sandbox.
        stop_order=(("web",), ("worker", "beat"), ("sandbox",)),
        environment={**servers.surroundings(port=port), "TOLLWAY_SANDBOX_URL": sandbox_url},
    )


def _manage(output: IO[str], command: str, **options: Any) -> None:
    """Run a management command here, and leave neither connection nor thread behind: children are forked from us."""
    try:
        call_command(command, stdout=output, **options)
    finally:
        for connection in connections.all(initialized_only=True):
            connection.close()
            connection.close_pool()  # type: ignore[attr-defined]


def reachable(host: str) -> str:
    """The address under which a listener on `host` is reached from this machine."""
    return (
        "127.0.0.1"
        if host in {"", "0.0.0.0"}
        else "[::1]"
        if host == "::"
        else f"[{host}]"
        if ":" in host
        else host
    )
