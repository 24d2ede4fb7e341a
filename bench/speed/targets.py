"""What is measured: a process on a port, with the request that it is sent for each shape; the upstream and the bare relay."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.fakes.ports import free_port

from . import meters
from .shapes import SHAPES, Shape, question

__all__ = ["ROOT", "Target", "listening", "process", "relay", "request", "upstream"]

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS, STOP_SECONDS = 180.0, 20.0
_SERVER = (
    *("--host", "127.0.0.1", "--loop", "uvloop", "--http", "httptools", "--lifespan", "on"),
    *("--no-access-log", "--log-level", "warning", "--timeout-keep-alive", "75"),
)


@dataclass(frozen=True)
class Target:
    """One of those compared: `requests` by shape, each as one HTTP request in Latin-1, and its right answers so far."""

    name: str
    pid: int
    port: int
    requests: Mapping[str, str] = field(repr=False)
    answered: Counter[str] = field(default_factory=Counter)


def request(path: str, body: bytes, headers: Mapping[str, str]) -> str:
    """Return one HTTP request as text in Latin-1."""
    lines = {"Host": "bench", "Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {path} HTTP/1.1\r\n{head}\r\n{body.decode('latin-1')}"


@contextmanager
def upstream() -> Iterator[Target]:
    """Start the upstream on the load's core."""
    command = (sys.executable, "-m", "bench.speed.mock")
    with process(command, core=meters.cores().load, stdout=subprocess.PIPE) as started:
        assert started.stdout is not None
        port = int(started.stdout.readline() or 0)
        if not port:
            raise RuntimeError(f"the upstream did not start, exit code {started.wait(STOP_SECONDS)}")
        yield Target("upstream itself", started.pid, port, _direct())


@contextmanager
def relay(upstream_port: int) -> Iterator[Target]:
    """Start the bare relay on the gateways' core."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "bench.speed.bare:application", "--port", str(port), *_SERVER]
    there = {"BENCH_UPSTREAM": f"http://127.0.0.1:{upstream_port}"}
    with process(command, core=meters.cores().gateway, environment=there) as started:
        listening(port, started)
        yield Target("bare relay", started.pid, port, _direct())


def _direct() -> dict[str, str]:
    return {name: request(_path(shape), question(shape, "bench"), {}) for name, shape in SHAPES.items()}


def _path(shape: Shape) -> str:
    return f"/{shape.name}/v1/chat/completions"


@contextmanager
def process(
    command: Sequence[str],
    *,
    core: int | None,
    environment: Mapping[str, str | None] | None = None,
    stdin: int | None = None,
    stdout: int | None = None,
    log: Path | None = None,
) -> Iterator["subprocess.Popen[str]"]:
    """Start a process on a core and end it after; `log` takes what it says, where `stdout` does not.

    What `environment` says is None is not there.
    """
    paths = os.pathsep.join([str(ROOT), str(ROOT / "platform")])
    wanted = {**os.environ, "PYTHONPATH": paths, **(environment or {})}
    given = {name: value for name, value in wanted.items() if value is not None}
    with open(log or os.devnull, "w") as said, meters.on_core(core):
        started = subprocess.Popen(
            list(command),
            cwd=ROOT,
            env=given,
            text=True,
            stdin=stdin,
            stdout=stdout if stdout is not None or log is None else said,
            stderr=said if log is not None else None,
        )
    try:
        yield started
    finally:
        _end(started)


def listening(port: int, started: "subprocess.Popen[str]", path: str = "/") -> None:
    """Wait until a server answers, whatever it says. Raises RuntimeError if it ends or is not there in time."""
    _eventually(lambda: _answers(f"http://127.0.0.1:{port}{path}"), started)


def _eventually(true: Callable[[], bool], started: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while not true():
        if (code := started.poll()) is not None:
            raise RuntimeError(f"it ended with {code}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"it did not answer within {START_SECONDS:.0f} s")
        time.sleep(0.1)


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=10).close()
    except urllib.error.HTTPError as error:
        error.close()
    except (urllib.error.URLError, OSError):
        return False
    return True


def _end(started: "subprocess.Popen[str]") -> None:
    if started.poll() is None:
        started.terminate()
        try:
            started.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait(STOP_SECONDS)
    for pipe in (started.stdin, started.stdout):
        if pipe is not None:
            pipe.close()
