"""Celery's worker and beat as real processes on the database of the test run, as the supervisor starts them."""

import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from config.supervisor.plan import plan
from tests.fakes.gateway import ROOT, database_url

from .town import Town

__all__ = ["HEALED_SECONDS", "Service", "beating", "causes", "sweeping"]

HEALED_SECONDS = 180.0  # a minute, were this machine ours alone; most of it is Celery's start

STOP_SECONDS = 15.0
TICK_SECONDS = 0.5
_CAUSES = {"beat", "broker", "worker"}


def causes(town: Town) -> set[str]:
    """Return what of Celery a town says is away."""
    return town.said() & _CAUSES


class Service:
    """A process that is started anew when it ends by itself, where that is wished; `ended` counts how often it did."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], *, again: bool) -> None:
        self._command = list(command)
        self._environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "platform")]),
            "DATABASE_URL": database_url(),
            **environment,
        }
        self.ended = 0
        self.process = self._started()
        self._over = threading.Event()
        self._keeper = threading.Thread(target=self._keep)
        if again:
            self._keeper.start()

    def stop(self) -> None:
        """End it; returns when it is gone."""
        self._over.set()
        if self._keeper.is_alive():
            self._keeper.join()
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _keep(self) -> None:
        while not self._over.wait(TICK_SECONDS):
            if self.process.poll() is not None:
                self.ended += 1
                self.process = self._started()

    def _started(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            self._command,
            cwd=ROOT,
            env=self._environment,
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )


@contextmanager
def sweeping(*options: str, again: bool = False, **environment: str) -> Iterator[Service]:
    """Run a worker of one process, with these options of Celery's besides; it ends with the block."""
    with _service("worker", environment, "--concurrency", "1", *options, again=again) as worker:
        yield worker


@contextmanager
def beating(**environment: str) -> Iterator[Service]:
    """Run a beat; it ends with the block."""
    with _service("beat", environment) as beat:
        yield beat


@contextmanager
def _service(name: str, environment: dict[str, str], *options: str, again: bool = False) -> Iterator[Service]:
    with tempfile.TemporaryDirectory(prefix=f"tollway-{name}-") as home:
        service = Service([*_command(name, Path(home)), *options], environment, again=again)
        try:
            yield service
        finally:
            service.stop()


def _command(name: str, home: Path) -> tuple[str, ...]:
    sandbox = settings.SANDBOX_URL
    try:
        services = plan(host="127.0.0.1", port=1, workers=1, sandbox_port=1, home=home).services
    finally:
        settings.SANDBOX_URL = sandbox
    [found] = [service.argv for service in services if service.name == name]
    return found
