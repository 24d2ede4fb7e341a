"""The gateway as a real process on a free port, over the database of the test run."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings

from tests.fakes.caller import Heard, call
from tests.fakes.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
START_S = 120
STOP_S = 20
_CONTENT = re.compile(rb'"content": ?"[^"]')


@dataclass(frozen=True)
class Gateway:
    """A running gateway; `base_url` ends in /v1."""

    base_url: str
    process: "subprocess.Popen[str]"

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        place = urlsplit(self.base_url)
        return str(place.hostname), int(place.port or 0)

    def chat(self, secret: str, model: str, **fields: Any) -> Heard:
        """Send a chat completion of one message, unless `messages` says otherwise, and listen to its end."""
        headers = {"X-API-Key": secret, **fields.pop("headers", {})}
        until, patience_s = fields.pop("until", None), fields.pop("patience_s", 20)
        body = {"model": model, "messages": [{"role": "user", "content": "What is a limit?"}], **fields}
        return call(
            self.base_url, "/chat/completions", body, headers=headers, until=until, patience_s=patience_s
        )

    @contextmanager
    def asking(
        self, secret: str, model: str, *, receive_buffer: int = 2**16, **fields: Any
    ) -> Iterator[socket.socket]:
        """Send a chat completion and give the connection before anything came; leaving the block hangs up."""
        headers = {"Host": "x", "X-API-Key": secret, **fields.pop("headers", {})}
        body = json.dumps({"model": model, "messages": [{"role": "user", "content": "Hi"}], **fields})
        head = "POST /v1/chat/completions HTTP/1.1\r\n" + "".join(
            f"{name}: {value}\r\n" for name, value in headers.items()
        )
        with socket.socket() as wire:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            wire.settimeout(30)
            wire.connect(self.address)
            wire.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
            yield wire

    @contextmanager
    def streaming(
        self, secret: str, model: str, *, past: re.Pattern[bytes] = _CONTENT, **fields: Any
    ) -> Iterator[socket.socket]:
        """Keep a stream open, past its first content unless told otherwise, for as long as the block lasts."""
        with self.asking(secret, model, stream=True, **fields) as wire:
            heard = b""
            while not past.search(heard):
                part = wire.recv(65536)
                if not part:
                    raise RuntimeError(f"the stream did not begin: {heard[:2000]!r}")
                heard += part
            yield wire

    def models(self, secret: str | None) -> dict[str, Any]:
        """Return the models that a key, or nobody, is shown. Raises urllib.error.HTTPError for a refusal."""
        headers = {} if secret is None else {"X-API-Key": secret}
        request = urllib.request.Request(f"{self.base_url}/models", headers=headers)
        with urllib.request.urlopen(request, timeout=5) as answer:
            return {item["id"]: item for item in json.load(answer)["data"]}

    def knows(self, secret: str, *models: str) -> None:
        """Wait until the gateway has noticed that these models can be called with a key."""

        def noticed() -> bool:
            try:
                return set(models) <= self.models(secret).keys()
            except urllib.error.HTTPError as error:
                error.close()
                return False

        self.eventually(noticed, within=20)

    @staticmethod
    def eventually(true: Callable[[], bool], *, within: float) -> None:
        """Wait until something is true. Raises AssertionError if it is not within so many seconds."""
        deadline = time.monotonic() + within
        while not true():
            assert time.monotonic() < deadline, "it did not become true in time"
            time.sleep(0.05)

    def stop(self) -> None:
        """Ask it to end, as an orchestrator does."""
        self.process.send_signal(signal.SIGTERM)

    def gone(self, within: float = STOP_S) -> float:
        """Wait for its end and return the seconds that took."""
        began = time.monotonic()
        self.process.wait(within)
        return time.monotonic() - began


@contextmanager
def running_gateway(
    *,
    patience_s: int = 60,
    application: str = "config.asgi:application",
    log: Path | None = None,
    **environment: str,
) -> Iterator[Gateway]:
    """Start uvicorn with the application; it ends with the block.

    At its end the server cancels what is open after `patience_s`. All it prints goes to `log`, if one is named.
    Raises RuntimeError if it does not start.
    """
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", application, "--host", "127.0.0.1"]
    command += ["--port", str(port), "--loop", "uvloop", "--no-access-log"]
    command += ["--http", "config.connections:Connection", "--no-server-header"]
    command += ["--log-level", "warning", "--timeout-graceful-shutdown", str(patience_s)]
    command += ["--timeout-keep-alive", str(settings.KEEP_ALIVE_SECONDS)]
    paths = os.pathsep.join([str(ROOT), str(ROOT / "platform")])
    given = {**os.environ, "PYTHONPATH": paths, "DATABASE_URL": database_url(), **environment}
    with (
        log.open("ab") if log else nullcontext() as kept,
        subprocess.Popen(
            command, cwd=ROOT, env=given, text=True, stdout=kept, stderr=subprocess.STDOUT if kept else None
        ) as process,
    ):
        try:
            wait_until_ready(f"http://127.0.0.1:{port}/v1/none", ended=process.poll)
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


def wait_until_ready(url: str, *, ended: Callable[[], int | None]) -> None:
    """Wait until a gateway knows that there is nothing at an address. Raises RuntimeError if it ends, or does not begin.

    `ended` tells the exit code of its process, None while that lives.
    """
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if (code := ended()) is not None:
            raise RuntimeError(f"the gateway ended with {code}")
        try:
            urllib.request.urlopen(url, timeout=10)
        except urllib.error.HTTPError as error:
            error.close()
            return  # it knows that there is no such path: its door is open
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    raise RuntimeError("the gateway did not become ready")
