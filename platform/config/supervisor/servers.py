"""The command lines of web, worker and beat: the same under `manage.py up`, in a container and under systemd."""

import os
import sys
from pathlib import Path

from django.conf import settings

__all__ = ["CHECKOUT", "beat", "surroundings", "web", "worker"]

CHECKOUT = Path(__file__).resolve().parents[3]
# Celery warns root of messages that are pickled; ours are JSON.
CELERY_AS_ROOT = "ignore:You're running the worker with superuser"
_CELERY = (sys.executable, "-m", "celery", "--quiet", "-A", "config")


def web(*, host: str, port: int, processes: int, held: bool = False) -> tuple[str, ...]:
    """Return what serves the gateway and the site; if `held`, not before its standard input ends."""
    application = "config.held:application" if held else "config.asgi:application"
    return (
        *(sys.executable, "-m", "uvicorn", application, "--host", host, "--port", str(port)),
        *("--workers", str(processes), "--loop", "uvloop", "--no-access-log"),
        *("--no-server-header", "--http", "config.connections:Connection"),
        *("--log-level", "warning", "--timeout-graceful-shutdown", str(settings.DRAIN_SECONDS)),
        *("--timeout-keep-alive", str(settings.KEEP_ALIVE_SECONDS)),
    )


def worker(*, processes: int) -> tuple[str, ...]:
    """Return what does the background work."""
    return (
        *(*_CELERY, "worker", "--concurrency", str(processes), "--pool", "prefork", "-Q", "celery"),
        *("--loglevel", "INFO", "--without-gossip", "--without-mingle", "--without-heartbeat"),
    )


def beat(*, schedule: Path) -> tuple[str, ...]:
    """Return what orders the background work; `schedule` is a file of its own that may be lost."""
    return (*_CELERY, "beat", "--schedule", str(schedule), "--pidfile=", "--loglevel", "WARNING")


def surroundings(*, port: int | None = None) -> dict[str, str]:
    """Return the environment that they run in: this process's, with where the code is."""
    own = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONPATH": os.pathsep.join([str(CHECKOUT), str(CHECKOUT / "platform")]),
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": ",".join(filter(None, [os.environ.get("PYTHONWARNINGS"), CELERY_AS_ROOT])),
    }
    return own if port is None else {**own, "TOLLWAY_PORT": str(port)}
