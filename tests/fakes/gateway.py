"""The gateway as a real process on a free port, over the database of the test run."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]
START_S = 30
STOP_S = 20


@dataclass(frozen=True)
class Gateway:
    """A running gateway; `base_url` ends in /v1."""

    base_url: str
    process: "subprocess.Popen[str]"

    def knows(self, secret: str, *models: str) -> None:
        """Wait until the gateway has noticed that these models can be called with a key."""
        request = urllib.request.Request(f"{self.base_url}/models", headers={"X-API-Key": secret})
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            with (
                contextlib.suppress(urllib.error.HTTPError),
                urllib.request.urlopen(request, timeout=5) as answer,
            ):
                if set(models) <= {item["id"] for item in json.load(answer)["data"]}:
                    return
            time.sleep(0.05)
        raise RuntimeError(f"the gateway does not know {models}")

    def stop(self) -> None:
        """Ask it to end, as an orchestrator does."""
        self.process.send_signal(signal.SIGTERM)

    def gone(self, within: float = STOP_S) -> float:
        """Wait for its end and return the seconds that took."""
        began = time.monotonic()
        self.process.wait(within)
        return time.monotonic() - began


@contextmanager
def running_gateway(**environment: str) -> Iterator[Gateway]:
    """Start uvicorn with the application; it ends with the block. Raises RuntimeError if it does not start."""
    port = _free_port()
    command = [sys.executable, "-m", "uvicorn", "config.asgi:application", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--loop", "uvloop", "--http", "httptools", "--no-access-log"]
    command += ["--log-level", "warning", "--timeout-graceful-shutdown", "60"]
    paths = os.pathsep.join([str(ROOT), str(ROOT / "platform")])
    given = {**os.environ, "PYTHONPATH": paths, "DATABASE_URL": database_url(), **environment}
    with subprocess.Popen(command, cwd=ROOT, env=given, text=True) as process:
        try:
            _wait_until_ready(process, f"http://127.0.0.1:{port}/livez")
            yield Gateway(f"http://127.0.0.1:{port}/v1", process)
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(STOP_S)
                except subprocess.TimeoutExpired:
                    process.kill()


def database_url() -> str:
    # The environment names the database the run began in; the tests work in one made for them.
    place = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(place._replace(path=f"/{settings.DATABASES['default']['NAME']}"))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])


def _wait_until_ready(process: "subprocess.Popen[str]", url: str) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the gateway ended with {process.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    raise RuntimeError("the gateway did not become ready")
