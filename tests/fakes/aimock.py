"""A provider that others wrote: the npm package `@copilotkit/aimock`, as a process on a free port."""

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.clients.runtimes import Node, Unavailable

STOP_S = 10
CALL_S = 10


@dataclass(frozen=True)
class Aimock:
    """The running provider; `url` has no path."""

    url: str

    def heard(self) -> list[dict[str, Any]]:
        """Return the calls that it got, oldest first, each as it understood it."""
        with urllib.request.urlopen(f"{self.url}/__aimock/journal", timeout=CALL_S) as answer:
            found = json.load(answer)
        entries: list[dict[str, Any]] = found["entries"] if isinstance(found, dict) else found
        return entries


@contextmanager
def running_aimock() -> Iterator[Aimock]:
    """Start it; the test is skipped where this machine cannot run it."""
    try:
        command = Node("aimock.mjs").command()
    except Unavailable as error:
        pytest.skip(str(error))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line, f"it did not start, exit code {process.wait(STOP_S)}"
            yield Aimock(line.strip())
            process.stdin.close()
            assert process.wait(STOP_S) == 0
        finally:
            process.kill()
