"""A whole Tollway of its own, started by `manage.py up`, whose parts a test may kill."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg

from tests.fakes.gateway import ROOT, free_port

__all__ = ["Stage", "stage"]

START_SECONDS = 90
MARKS = {"web": "config.asgi:application", "worker": "celery", "postgres": "postgres"}


@dataclass
class Stage:
    """A running Tollway: its address, its processes and its database."""

    base_url: str
    process: "subprocess.Popen[bytes]"
    environment: dict[str, str]
    log: Path

    def manage(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run one management command against it."""
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def kill(self, part: str) -> None:
        """SIGKILL one part: its main process, or for the worker a child in the middle of its task as well."""
        for victim in self.processes(part):
            try:
                victim.kill()
            except psutil.NoSuchProcess:
                continue

    def processes(self, part: str) -> list[psutil.Process]:
        """Return the live processes of a part: postmaster only for PostgreSQL, all of them for the others."""
        found = []
        for child in psutil.Process(self.process.pid).children(recursive=True):
            try:
                line = " ".join(child.cmdline())
                if self._is(part, line):
                    found.append(child)
            except psutil.NoSuchProcess:
                continue
        return found

    def _is(self, part: str, line: str) -> bool:
        if part == "worker":
            return "celery" in line and " worker" in line
        if part == "postgres":
            return "bin/postgres" in line and " -D" in line
        return MARKS[part] in line

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Read from its database."""
        return self._query(sql)

    def _query(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database()) as connection:
            return connection.execute(sql.encode()).fetchall()

    def database(self) -> str:
        """Return the address of its database."""
        code = "from kernel import engines; print(engines.urls('run').database)"
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()


@contextmanager
def stage(**settings: str) -> Iterator[Stage]:
    """Start `manage.py up` in a home of its own; it ends with the block."""
    with tempfile.TemporaryDirectory(prefix="tollway-stage-") as place:
        Path(place).chmod(0o711)  # the account that root's PostgreSQL drops to must be able to enter
        with _started(Path(place), settings) as running:
            yield running


@contextmanager
def _started(home: Path, settings: dict[str, str]) -> Iterator[Stage]:
    port = free_port()
    environment = {
        key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "REDIS_URL"}
    }
    environment |= {
        "TOLLWAY_HOME": str(home),
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'platform'}",
        **settings,
    }
    log = home / "up.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--port", str(port)],
            cwd=ROOT,
            env=environment,
            stdout=out,
            stderr=out,
        )
    try:
        running = Stage(f"http://127.0.0.1:{port}/v1", process, environment, log)
        _wait_until_up(running)
        yield running
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_until_up(running: Stage) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if running.process.poll() is not None or "Tollway is up" in running.log.read_text():
            break
        time.sleep(0.2)
    if running.process.poll() is not None or "Tollway is up" not in running.log.read_text():
        raise RuntimeError(f"Tollway did not start:\n{running.log.read_text()[-4000:]}")


def new_workspace(running: Stage, name: str) -> str:
    """Make a workspace with credit and return its key."""
    done = running.manage("create_workspace", name, "--plan", "payg", "--credit", "500", "--json")
    assert done.returncode == 0, done.stderr
    key: str = json.loads(done.stdout)["api_key"]
    return key
