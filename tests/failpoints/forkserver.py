"""A process that has imported Tollway once, and forks those that a test wants to die: gateways, and single jobs.

A start costs a tenth of what a new interpreter does. It forks before anything of it has a thread or a connection.
"""

import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from tests.fakes.gateway import ROOT, database_url

__all__ = ["ForkServer", "Forked", "forkserver"]

POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Forked:
    """A process that was forked."""

    pid: int
    server: "ForkServer"

    def signal(self, number: int) -> None:
        """Send a signal; it has not been waited for, so the number is still its own."""
        os.kill(self.pid, number)

    def ended(self, within: float = 30.0) -> int | None:
        """Wait for its end and return the exit code, negative for a signal; None if it still lives after so many seconds."""
        code: int | None = self.server.ask({"wait": self.pid, "seconds": within})
        return code


class ForkServer:
    """The test's end of it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        if self._answer() != "ready":
            raise RuntimeError("the fork server did not start")

    def fork(self, role: str, **told: Any) -> Forked:
        """Fork a process that calls `module:function` with what it is told, and ends with it."""
        return Forked(self.ask({"role": role, "told": told}), self)

    def ask(self, asked: dict[str, Any]) -> Any:
        """Send one question and return the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the fork server ended with {self._process.wait(10)}")
        return json.loads(line)


@contextmanager
def forkserver(log: Path, *modules: str, **environment: str) -> Iterator[ForkServer]:
    """Start one that has imported these modules, on the database of the test run; what the forked say goes to `log`."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "platform")])
    given = {**os.environ, "PYTHONPATH": paths, "DATABASE_URL": database_url(), **environment}
    command = [sys.executable, "-m", __name__, *modules]
    with (
        log.open("ab") as said,
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=given,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
        ) as process,
    ):
        try:
            yield ForkServer(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(30)


def _main() -> None:
    for module in sys.argv[1:]:
        importlib.import_module(module)
    gc.freeze()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the forked print is no answer
    _tell(answers, "ready")
    codes: dict[int, int | None] = {}
    for line in sys.stdin:
        asked = json.loads(line)
        if "wait" in asked:
            _tell(answers, _wait(codes, asked["wait"], asked["seconds"]))
            continue
        child = os.fork()
        if child == 0:
            answers.close()
            _play(asked)
        codes[child] = None
        _tell(answers, child)
    for child in [child for child, code in codes.items() if code is None]:
        os.kill(child, signal.SIGKILL)


def _play(asked: dict[str, Any]) -> None:
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        module, _, function = asked["role"].partition(":")
        getattr(importlib.import_module(module), function)(**asked["told"])
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _wait(codes: dict[int, int | None], child: int, seconds: float) -> int | None:
    deadline = time.monotonic() + seconds
    while codes[child] is None:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            codes[child] = os.waitstatus_to_exitcode(status)
        elif time.monotonic() > deadline:
            break
        else:
            time.sleep(POLL_SECONDS)
    return codes[child]


def _tell(answers: TextIO, answer: object) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


if __name__ == "__main__":
    _main()
