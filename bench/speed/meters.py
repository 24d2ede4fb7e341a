"""What processes cost, as Linux tells it: CPU and memory of a process with all it started, and on which core they run."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["Cores", "cores", "cpu_seconds", "memory_bytes", "on_core"]

_TICKS = os.sysconf("SC_CLK_TCK")


class Cores:
    """Where the gateways run, and where load and upstream do; None is anywhere, on a machine with one core."""

    def __init__(self, allowed: set[int]) -> None:
        ordered = sorted(allowed)
        self.load = ordered[0] if len(ordered) > 1 else None
        self.gateway = ordered[1] if len(ordered) > 1 else None


def cores() -> Cores:
    """Return how the cores that this process may use are shared out."""
    return Cores(os.sched_getaffinity(0))


@contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """Have this thread, and whatever it starts, run on one core; what was started stays there."""
    before = os.sched_getaffinity(0)
    if core is not None:
        os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds, user and system, of a process and all below it. Raises ProcessLookupError without it."""
    processes = _processes()
    if pid not in processes:
        raise ProcessLookupError(f"process {pid} has ended")
    return sum(processes[each][1] for each in _family(pid, processes)) / _TICKS


def memory_bytes(pid: int) -> int:
    """Return the memory of a process and all below it, in which what is shared counts in parts (PSS).

    Raises ProcessLookupError without it.
    """
    processes = _processes()
    if pid not in processes:
        raise ProcessLookupError(f"process {pid} has ended")
    return sum(_pss(each) for each in _family(pid, processes))


def _family(pid: int, processes: dict[int, tuple[int, int]]) -> set[int]:
    found = {pid}
    while more := {each for each, (parent, _) in processes.items() if parent in found} - found:
        found |= more
    return found


def _processes() -> dict[int, tuple[int, int]]:
    """Return each process with its parent and its ticks, those of children it has waited for among them."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue  # it has ended meanwhile; its parent counts it
        if fields[0] != "Z":
            found[int(stat.parent.name)] = (int(fields[1]), sum(map(int, fields[11:15])))
    return found


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0  # it has ended meanwhile
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
