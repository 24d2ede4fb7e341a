"""A provider to test against: the sandbox as a real process on a free port."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STOP_S = 5


@contextmanager
def running_sandbox(log: Path | None = None) -> Iterator[str]:
    """Start `python -m inference.sandbox`; yields its base URL, which ends in `/v1`, and stops it after.

    With `log` it writes one JSON line for each call there. Raises RuntimeError when it does not start,
    or when it did not end well.
    """
    with sandbox_process(log) as (process, base_url):
        yield base_url
        process.terminate()
        if process.wait(STOP_S) != 0:
            raise RuntimeError(f"the sandbox ended with {process.returncode}")


@contextmanager
def sandbox_process(
    log: Path | None = None, *, port: int = 0
) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Start the sandbox, on a free port unless one is named; yields the process, which the caller may stop or kill, and the base URL."""
    command = [sys.executable, "-m", "inference.sandbox", "--host", "127.0.0.1", "--port", str(port)]
    if log is not None:
        command += ["--log", str(log)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            # The line comes when the port is open; a sandbox that dies first closes the pipe instead.
            line = process.stdout.readline()
            if not line:
                raise RuntimeError(f"the sandbox did not start, exit code {process.wait(STOP_S)}")
            yield process, line.split()[-1] + "/v1"
        finally:
            process.kill()
