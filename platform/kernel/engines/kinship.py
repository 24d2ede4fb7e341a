"""What Linux lets a process arrange with its parent and children; on other systems these arrangements do nothing."""

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["adopt_orphans", "die_with_parent", "end_orphans"]

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
REAP_SECONDS = 5.0

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def adopt_orphans() -> None:
    """Become the parent of every orphaned descendant, so that `end_orphans` can find them."""
    if _libc is not None:
        _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent(number: signal.Signals) -> Callable[[], None]:
    """What a child runs just before exec, after its change of account (which would clear the arrangement)."""
    parent = os.getpid()

    def arrange() -> None:
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # it died between the fork and the arrangement
            os._exit(1)

    return arrange


def end_orphans(*, keep: set[int]) -> None:
    """Kill the adopted children: backends of a dead postmaster hold its shared memory and bar the next start."""
    listing = Path(f"/proc/self/task/{os.getpid()}/children")
    try:
        orphans = {int(pid) for pid in listing.read_text().split()} - keep
    except FileNotFoundError:
        return
    for pid in orphans:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + REAP_SECONDS
    for pid in orphans:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(pid, os.WNOHANG) == (0, 0) and time.monotonic() < deadline:
                time.sleep(0.01)
