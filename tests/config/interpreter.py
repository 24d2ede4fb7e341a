"""A Python that imported the clients once: each program pasted into it runs in a process of its own, forked from there."""

import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Interpreter", "interpreter"]

CLIENTS = ("anthropic", "openai")
PROGRAM_S = 120


@dataclass(frozen=True)
class Interpreter:
    """The process that programs are forked from, and where they leave what they print."""

    process: "subprocess.Popen[str]"
    folder: Path

    def run(self, program: str, environment: dict[str, str]) -> str:
        """Return what a program prints. Raises AssertionError with its words if it fails or lasts for two minutes."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        said, wrong = self.folder / "said", self.folder / "wrong"
        asked = {"program": program, "environment": environment, "said": str(said), "wrong": str(wrong)}
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        code = int(self.process.stdout.readline())
        assert code == 0, f"{code}: {said.read_text()}{wrong.read_text()}"
        return said.read_text()


@contextmanager
def interpreter() -> Iterator[Interpreter]:
    """Start it; it ends with the block."""
    line = [sys.executable, "-m", "tests.config.interpreter"]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process,
    ):
        yield Interpreter(process, Path(folder))


def _next_program() -> str:
    """Return, in a new process for each, what is asked for; the process that forked tells each one's exit code."""
    for name in CLIENTS:
        importlib.import_module(name)
    for line in sys.stdin:
        asked = json.loads(line)
        forked = os.fork()
        if forked == 0:
            _be_alone(asked)
            return str(asked["program"])
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(forked, 0)[1])}\n")
        sys.stdout.flush()
    return ""


def _be_alone(asked: dict[str, Any]) -> None:
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = ["-c"]
    signal.alarm(PROGRAM_S)
    for number, place in enumerate((os.devnull, asked["said"], asked["wrong"])):
        at = os.open(place, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(at, number)
        os.close(at)


if __name__ == "__main__":
    # Here and in no function, so that what it raises ends the process as it would anywhere.
    exec(compile(_next_program(), "<string>", "exec"), {"__name__": "__main__"})
