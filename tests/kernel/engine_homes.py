"""Throw-away homes for tests that start engines of their own, and the processes found in them."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = os.geteuid() == 0
CHECKOUT = Path(__file__).resolve().parents[2]


@contextlib.contextmanager
def temporary_base(name: str = "tollway") -> Iterator[Path]:
    """A directory that the account root drops to can enter; pytest's tmp_path is closed to it."""
    top = Path(tempfile.mkdtemp(prefix="tollway-test-", dir="/tmp"))
    top.chmod(0o711)
    try:
        yield top / name
    finally:
        shutil.rmtree(top, ignore_errors=True)


@contextlib.contextmanager
def parent_process(base: Path, *, purpose: str = "run") -> Iterator[subprocess.Popen[str]]:
    """A process that starts the engines of a home and prints their URLs; killed at the end if it still lives."""
    process = subprocess.Popen(
        [sys.executable, "-m", "kernel.engines", "start", "--purpose", purpose],
        env={**os.environ, "TOLLWAY_HOME": str(base), "PYTHONPATH": str(CHECKOUT / "platform")},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("DATABASE_URL=")
        yield process
    finally:
        process.kill()
        process.communicate()


def processes_of(base: Path) -> set[int]:
    """The processes that work inside a directory: engines and keepers have their working directory there."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if base in Path(os.readlink(entry / "cwd")).parents:
                    found.add(int(entry.name))
    return found


def eventually(check: Callable[[], bool], seconds: float) -> bool:
    """Whether a condition comes true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if check():
            return True
        time.sleep(0.05)
    return check()


def kill(pid: int) -> None:
    """End a process of ours at once, without any chance to clean up."""
    os.kill(pid, signal.SIGKILL)
