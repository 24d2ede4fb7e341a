"""A site as it is deployed: on engines over TCP, with the settings of production and the commands of compose.yaml."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from tests.deploy.engines_over_tcp import Engines, engines_over_tcp
from tests.deploy.manifests import of_tollway
from tests.fakes.ports import free_port
from tests.house.test_rules import ROOT
from tests.kernel.engine_homes import temporary_base

HOST = "tollway.example.com"
TOKEN = "of-prometheus-alone"
START_S = 120


@dataclass
class Deployed:
    """What runs, and how it is spoken to."""

    base: Path
    engines: Engines
    port: int
    sandbox: str
    environment: dict[str, str] = field(repr=False)
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    @property
    def upstream_log(self) -> Path:
        """The file that the sandbox writes a line to for each call."""
        return self.base / "upstream.jsonl"

    def manage(self, *arguments: str, **environment: str) -> str:
        """Run a command to its end and return what it prints. Raises AssertionError with its words if it fails."""
        ended = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=170,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def serve(self, part: str, *, name: str = "", port: int = 0) -> None:
        """Start a part by its command in compose.yaml, on a port and a schedule that are free here.

        One of several has a `name` of its own, and a web process its port.
        """
        told = {
            "0.0.0.0": "127.0.0.1",
            "8000": str(port or self.port),
            "/tmp/beat-schedule": str(self.base / "beat"),
        }
        line = [told.get(word, word) for word in of_tollway()[part]["command"]]
        self.start(name or part, [sys.executable, "manage.py", *line])

    def start(self, name: str, line: list[str]) -> None:
        """Start a process that lasts; its words go to a file."""
        with (self.base / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                line, cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )

    def end(self, name: str, *, within: float) -> int:
        """Ask a process to end, as an orchestrator does, and return its exit code.

        Raises subprocess.TimeoutExpired if it takes more than `within` seconds.
        """
        process = self.processes[name]
        process.send_signal(signal.SIGTERM)
        return process.wait(within)

    def ask(
        self, path: str, *, body: dict[str, Any] | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of an answer; headers are sent with `-` for `_`, and told in lower case."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}},
        )
        opener = urllib.request.build_opener(_Stay)
        try:
            with opener.open(request, timeout=60) as answer:
                return answer.status, _lowered(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _lowered(error.headers), error.read()

    def eventually(self, true: Callable[[], bool], *, within: float = START_S) -> None:
        """Wait until something is true. Raises AssertionError with the logs if it is not in time."""
        deadline = time.monotonic() + within
        while not true():
            words = {name: (self.base / f"{name}.log").read_text()[-2000:] for name in self.processes}
            assert time.monotonic() < deadline, words
            time.sleep(0.2)

    def answers(self) -> bool:
        """Tell whether web takes requests."""
        with contextlib.suppress(OSError):
            return self.ask("/readyz")[0] == 200
        return False


def _lowered(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


class _Stay(urllib.request.HTTPRedirectHandler):
    """Shows a redirect instead of following it."""

    def redirect_request(self, *_arguments: Any) -> None:
        return None


@contextlib.contextmanager
def deployed(**settings: str) -> Iterator[Deployed]:
    """Have engines and tables, and the sandbox as an upstream; no part of the site runs yet.

    `settings` are variables of the environment that are to be others than those of the tests.
    """
    with temporary_base() as base, engines_over_tcp(base) as engines:
        sandbox = free_port()
        site = Deployed(base, engines, free_port(), f"http://127.0.0.1:{sandbox}", {})
        site.environment = {**_environment(site), **settings}
        try:
            line = [sys.executable, "-m", "inference.sandbox", "--port", str(sandbox)]
            site.start("sandbox", line)
            site.manage("migrate", "--noinput")
            yield site
        finally:
            for process in site.processes.values():
                process.kill()
                process.wait()


def _environment(site: Deployed) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TOLLWAY_", "STRIPE_", "DATABASE_", "REDIS_", "DJANGO_"))
    }
    return {
        **kept,
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'platform'}",
        "DATABASE_URL": site.engines.database_url,
        "REDIS_URL": site.engines.redis_url,
        "TOLLWAY_SECRET_KEY": os.urandom(32).hex(),
        "TOLLWAY_KEY_PEPPER": os.urandom(32).hex(),
        "TOLLWAY_CREDENTIAL_KEYS": Fernet.generate_key().decode(),
        "TOLLWAY_HOSTS": HOST,
        "TOLLWAY_METRICS_TOKEN": TOKEN,
        "TOLLWAY_SMTP_HOST": "smtp.example.com",
        "TOLLWAY_JOURNAL_DIR": str(site.base / "journal"),
        "TOLLWAY_SANDBOX_URL": site.sandbox,
        "TOLLWAY_SANDBOX_LOG": str(site.upstream_log),
        "TOLLWAY_CHARGE_AFTER_SECONDS": "0",
        "TOLLWAY_SWEEP_SECONDS": "1",
        "TOLLWAY_DRAIN_SECONDS": "5",
    }
