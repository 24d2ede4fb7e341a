"""What is run: engines over TCP, two web processes behind the proxy, two workers and a beat, each by its own command."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import psycopg

from bench.speed import meters
from tests.deploy.manifests import of_tollway, seconds
from tests.deploy.site import Deployed, deployed
from tests.fakes.ports import free_port
from tests.house.test_rules import ROOT

from .proxy import Proxy

__all__ = ["PARTS", "WEBS", "Site", "running"]

WEBS = ("web-1", "web-2")
PARTS = (*WEBS, "worker-1", "worker-2", "beat", "proxy")
"""Every process that is watched, in the order in which they are started."""
AUDIT_SECONDS = 600
# All as in production but for TLS, and for what is charged being posted soon, so that the run comes to rest soon.
SETTINGS = {
    "TOLLWAY_HOSTS": "127.0.0.1",
    "TOLLWAY_HTTPS": "no",
    "TOLLWAY_CHARGE_AFTER_SECONDS": "5",
    "TOLLWAY_SWEEP_SECONDS": "5",
    "TOLLWAY_DRAIN_SECONDS": "30",
}


@dataclass(frozen=True)
class Site:
    """The running site and the ways to it: through the proxy for callers, by its own port for each web process."""

    deployed: Deployed
    ports: dict[str, int]
    proxy: Proxy

    @property
    def upstream_log(self) -> Path:
        """Where the upstream writes down its calls."""
        return self.deployed.upstream_log

    @property
    def base_url(self) -> str:
        """Where callers send to, up to and including /v1."""
        return f"{self.proxy.address}/v1"

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Read from its database."""
        with psycopg.connect(self.deployed.engines.database_url) as connection:
            return connection.execute(sql.encode()).fetchall()

    def manage(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run one management command against it."""
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.deployed.environment,
            capture_output=True,
            text=True,
            timeout=AUDIT_SECONDS,
            check=False,
        )

    def start(self, part: str) -> None:
        """Start a part; returns when it is there, and a web process when it takes requests."""
        if part == "proxy":
            self.proxy.start()
        else:
            self.deployed.serve(_kind(part), name=part, port=self.ports.get(part, 0))
        if part in WEBS:
            self.deployed.eventually(lambda: _answers(f"http://127.0.0.1:{self.ports[part]}/readyz"))

    def restart(self, part: str) -> int:
        """End a part as its orchestrator does, start it again, and return its exit code.

        Raises subprocess.TimeoutExpired if it is not gone when compose would kill it.
        """
        given = seconds(str(of_tollway()[_kind(part)]["stop_grace_period"]))
        code = self.deployed.end(part, within=given)
        self.start(part)
        return code

    def cut_connections(self) -> int:
        """Have PostgreSQL end every session of the site's at once; return how many there were."""
        [(cut,)] = self.rows(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return int(cut)

    def restart_redis(self) -> None:
        """Stop the Redis-protocol server and start it again, empty."""
        self.deployed.engines.redis_server.stop()
        self.deployed.engines.redis_server.start()

    def memory(self) -> dict[str, int]:
        """Return the bytes of each part that runs at this moment, with all below it."""
        found = {}
        for part in PARTS:
            try:
                found[part] = meters.memory_bytes(self.deployed.processes[part].pid)
            except (KeyError, ProcessLookupError):
                continue
        return found


@contextmanager
def running() -> Iterator[Site]:
    """Have everything started, with the demo's catalogue; it ends with the block."""
    with deployed(**SETTINGS) as found:
        found.manage("demo", "--credentials", str(found.base / "credentials.json"))
        ports = {web: free_port() for web in WEBS}
        site = Site(found, ports, Proxy(found, list(ports.values())))
        for part in PARTS:
            site.start(part)
        found.eventually(lambda: _answers(f"{site.base_url}/status"))
        yield site


def _kind(part: str) -> str:
    return part.partition("-")[0]


def _answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False
