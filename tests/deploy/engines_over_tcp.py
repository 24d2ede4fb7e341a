"""Engines as an operator has them: PostgreSQL and a Redis-protocol server that listen on TCP and want a password.

The machine's own where it has them (Debian's), else the embedded ones' binaries under the same rules.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import redis

from kernel.engines import postgres as embedded
from kernel.engines.binaries import binaries
from kernel.engines.homes import dropped_account, private_dir
from tests.fakes.ports import free_port

PASSWORD = "of-this-test-0f9c4a7e"
START_S = 60


class Server:
    """One engine's process, which may be stopped and started again where it was."""

    def __init__(self, line: list[object], ask: Callable[[], object]) -> None:
        self._line, self._ask = list(map(str, line)), ask
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; returns when it answers. Raises what asking it raises if it does not."""
        self._process = subprocess.Popen(
            self._line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **_as_account()
        )
        _await(self._process, self._ask)

    def stop(self) -> None:
        """Stop it if it runs; returns when it is gone."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)  # PostgreSQL would wait for its clients at SIGTERM
            self._process.wait(30)
            self._process = None


@dataclass(frozen=True)
class Engines:
    """Where they are, which they are, and the Redis-protocol server itself."""

    database_url: str
    redis_url: str
    postgres: str
    redis: str
    redis_server: Server


@contextlib.contextmanager
def engines_over_tcp(base: Path) -> Iterator[Engines]:
    """Have both running in a directory; stopped at the end."""
    account = dropped_account()
    base.mkdir(mode=0o711, exist_ok=True)
    places = [base / "postgres", base / "redis"]
    for place in places:
        private_dir(place, *((account.uid, account.gid) if account else (os.geteuid(), os.getegid())))
    with _postgres(places[0]) as (database_url, program), _redis(places[1]) as (redis_url, name, server):
        yield Engines(database_url, redis_url, program, name, server)


@contextlib.contextmanager
def _postgres(place: Path) -> Iterator[tuple[str, str]]:
    programs, port = _programs(), free_port()
    (place / "password").write_text(PASSWORD)
    (place / "password").chmod(0o644)  # the directory is closed
    _run([programs / "initdb", "-D", place / "data", "--username=tollway", f"--pwfile={place / 'password'}"])
    address = f"postgresql://tollway:{PASSWORD}@127.0.0.1:{port}"
    line = [programs / "postgres", "-D", place / "data", "-h", "127.0.0.1", "-p", port, "-k", ""]
    with _running(line, lambda: psycopg.connect(f"{address}/postgres", connect_timeout=2).close()):
        with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE tollway")
        yield f"{address}/tollway", str(programs)


def skip_without(program: str) -> None:
    """Skip a test that needs one of PostgreSQL's own programs, which the embedded engine comes without."""
    if not (_programs() / program).is_file():
        pytest.skip(f"{program} is not on this machine: apt-get install postgresql")


@contextlib.contextmanager
def standby(place: Path, engines: Engines) -> Iterator[tuple[Server, str]]:
    """Have a PostgreSQL that follows the engines' own, and its address; stopped at the end."""
    account, port = dropped_account(), free_port()
    private_dir(place, *((account.uid, account.gid) if account else (os.geteuid(), os.getegid())))
    programs, data = Path(engines.postgres), place / "data"
    line = [programs / "pg_basebackup", "-d", engines.database_url, "-D", data, "-R", "-X", "stream"]
    subprocess.run(
        [*map(str, line), "--checkpoint=fast"], check=True, capture_output=True, timeout=120, **_as_account()
    )
    parts = urlsplit(engines.database_url)
    url = urlunsplit(parts._replace(netloc=f"tollway:{PASSWORD}@127.0.0.1:{port}"))
    start = [programs / "postgres", "-D", data, "-h", "127.0.0.1", "-p", port, "-k", ""]
    with _running(start, lambda: psycopg.connect(url, connect_timeout=2).close()) as server:
        yield server, url


@contextlib.contextmanager
def _redis(place: Path) -> Iterator[tuple[str, str, Server]]:
    program, port = shutil.which("redis-server") or str(binaries().valkey), free_port()
    address = f"redis://:{PASSWORD}@127.0.0.1:{port}/0"
    line = [program, "--bind", "127.0.0.1", "--port", port, "--requirepass", PASSWORD, "--save", ""]
    line += ["--maxmemory-policy", "noeviction", "--dir", place]
    with _running(line, lambda: redis.Redis.from_url(address).ping()) as server:
        yield address, program, server


def _programs() -> Path:
    """Return where the newest PostgreSQL of this machine is, from 15 on, or else the embedded one."""
    found = {
        int(path.parts[-3]): path.parent
        for path in Path("/usr/lib/postgresql").glob("[0-9]*/bin/initdb")
        if path.parts[-3].isdigit()
    }
    newest = max(found, default=0)
    return found[newest] if newest >= 15 else binaries().initdb.parent


def _run(line: list[object]) -> None:
    options = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"]
    subprocess.run([*map(str, line), *options], check=True, capture_output=True, timeout=120, **_as_account())


def _as_account() -> dict[str, Any]:
    account = dropped_account()
    who = {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}
    return {"env": embedded.environment(), "cwd": "/", **who}


@contextlib.contextmanager
def _running(line: list[object], ask: Callable[[], object]) -> Iterator[Server]:
    server = Server(line, ask)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def _await(process: "subprocess.Popen[bytes]", ask: Callable[[], object]) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            ask()
            return
        except (psycopg.OperationalError, redis.RedisError, OSError):
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
