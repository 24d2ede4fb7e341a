"""Which processes make up Tollway, with which commands, and by what sign each one is ready."""

import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

__all__ = ["CHECKOUT", "Command", "Plan", "plan"]

CHECKOUT = Path(__file__).resolve().parents[3]
DRAIN_SLACK_SECONDS = 10.0


@dataclass(frozen=True)
class Command:
    """One process: how it is started, known to be ready, and given time to end."""

    name: str
    argv: tuple[str, ...]
    ready_url: str | None = None  # answers 200 once ready
    ready_line: bytes | None = None  # is part of a line once ready; without either sign, ready when started
    stop_seconds: float = 10.0
    orphaned: signal.Signals = signal.SIGTERM  # sent when the supervisor is killed


@dataclass(frozen=True)
class Plan:
    """Everything to run: steps one after the other, then services side by side; stopped in the given order."""

    steps: tuple[Command, ...]
    services: tuple[Command, ...]
    stop_order: tuple[tuple[str, ...], ...]
    environment: dict[str, str]


def plan(*, host: str, port: int, workers: int, sandbox_port: int, home: Path) -> Plan:
    """The plan of a development machine."""
    web: tuple[str, ...]
    worker: tuple[str, ...]
    python, manage = sys.executable, str(CHECKOUT / "manage.py")
    sandbox_url = f"http://127.0.0.1:{sandbox_port}"
    sandbox = (python, "-m", "inference.sandbox", "--host", "127.0.0.1", "--port", str(sandbox_port))
    web = (python, "-m", "uvicorn", "config.asgi:application", "--host", host, "--port", str(port))
    web += ("--workers", str(workers), "--loop", "uvloop", "--http", "httptools", "--no-access-log")
    web += ("--log-level", "warning", "--timeout-graceful-shutdown", str(settings.DRAIN_SECONDS))
    celery = (python, "-m", "celery", "-A", "config")
    worker = (
        *celery,
        "worker",
        "--concurrency",
        "2",
        "--pool",
        "prefork",
        "-Q",
        "celery",
        "--loglevel",
        "INFO",
    )
    beat = (*celery, "beat", "--schedule", str(home / "beat-schedule"), "--pidfile=", "--loglevel", "WARNING")
    return Plan(
        steps=(
            Command("migrate", (python, manage, "migrate", "--noinput", "--verbosity", "1")),
            Command("demo", (python, manage, "demo")),
        ),
        services=(
            Command("sandbox", sandbox, ready_url=f"{sandbox_url}/livez", stop_seconds=5.0),
            Command(
                "web",
                web,
                ready_url=f"http://{reachable(host)}:{port}/readyz",
                stop_seconds=settings.DRAIN_SECONDS + DRAIN_SLACK_SECONDS,
            ),
            Command(
                "worker",
                (*worker, "--without-gossip", "--without-mingle", "--without-heartbeat"),
                ready_line=b" ready.",
                stop_seconds=settings.CELERY_TASK_SOFT_TIME_LIMIT + 5.0,
                orphaned=signal.SIGQUIT,  # a warm stop would wait for a broker that has gone
            ),
            Command("beat", beat, stop_seconds=10.0),
        ),
        # The caller's streams end first; what they left to charge can still be charged; nobody else needs the sandbox.
        stop_order=(("web",), ("worker", "beat"), ("sandbox",)),
        environment={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONPATH": os.pathsep.join([str(CHECKOUT), str(CHECKOUT / "platform")]),
            "PYTHONUNBUFFERED": "1",
            "TOLLWAY_SANDBOX_URL": sandbox_url,
        },
    )


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
