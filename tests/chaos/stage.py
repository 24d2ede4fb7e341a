"""A whole Tollway of its own, started by `manage.py up`, whose parts a test may kill."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import psycopg

from tests.fakes.gateway import ROOT
from tests.fakes.ports import free_port

__all__ = ["Stage", "new_workspace", "stage"]

START_SECONDS = 240  # migrations and the demo, on a machine that does much else
# By these words of its command line a part is told from its siblings: all are children of the process started here.
MARKS = {
    "web": ("-m uvicorn", ":application"),
    "worker": ("celery", " worker"),
    "beat": ("celery", " beat"),
    "postgres": ("bin/postgres", " -D"),
    "valkey": ("valkey", "unixsocket"),
}


@dataclass
class Stage:
    """A running Tollway: its address, its processes and its database."""

    base_url: str
    process: "subprocess.Popen[bytes]"
    environment: dict[str, str]
    log: Path
    upstream_log: Path

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
        """Return the live processes of a part of ours: postmaster only for PostgreSQL, all of them for the others."""
        found = []
        for child in psutil.Process(self.process.pid).children(recursive=True):
            try:
                line = " ".join(child.cmdline())
                if all(mark in line for mark in MARKS[part]):
                    found.append(child)
            except psutil.NoSuchProcess:
                continue
        return found

    def ages(self, part: str) -> list[float]:
        """Return how many seconds each live process of a part has lived."""
        ages = []
        for process in self.processes(part):
            with contextlib.suppress(psutil.NoSuchProcess):
                ages.append(time.time() - process.create_time())
        return ages

    def is_back(self, part: str, *, after: float) -> bool:
        """Whether a part has lived for so many seconds since it was started again; web must answer its door too."""
        ages = self.ages(part)
        if not ages or min(ages) < after:
            return False
        if part != "web":
            return True
        place = urlsplit(self.base_url)
        with socket.socket() as door:
            return door.connect_ex((place.hostname, place.port)) == 0

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Read from its database."""
        with psycopg.connect(self.database) as connection:
            return connection.execute(sql.encode()).fetchall()

    @cached_property
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
    """Start `manage.py up` in a home of its own, its sandbox writing a log; it ends with the block."""
    with tempfile.TemporaryDirectory(prefix="tollway-stage-") as place:
        Path(place).chmod(0o711)  # the account that root's PostgreSQL drops to must be able to enter
        with _started(Path(place), settings) as running:
            yield running


@contextmanager
def _started(home: Path, settings: dict[str, str]) -> Iterator[Stage]:
    port = free_port()
    outside = {"DATABASE_URL", "REDIS_URL", "TOLLWAY_JOURNAL_DIR"}
    environment = {key: value for key, value in os.environ.items() if key not in outside}
    environment |= {
        "TOLLWAY_HOME": str(home),
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'platform'}",
        "TOLLWAY_SANDBOX_LOG": str(home / "upstream.jsonl"),
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
        running = Stage(f"http://127.0.0.1:{port}/v1", process, environment, log, home / "upstream.jsonl")
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


def new_workspace(running: Stage, name: str, *, credit_usd: str) -> str:
    """Make a workspace with credit and return its key."""
    done = running.manage("create_workspace", name, "--plan", "payg", "--credit", credit_usd, "--json")
    assert done.returncode == 0, done.stderr
    key: str = json.loads(done.stdout)["api_key"]
    return key
