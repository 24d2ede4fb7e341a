"""What a campaign of outages came to: a line for each promise, as Markdown."""

import math
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass

from kernel import clock

__all__ = ["Line", "spread", "told"]


@dataclass(frozen=True, slots=True)
class Line:
    """One promise: its goal's number, what was done, what came of it, what was wanted, and whether it was kept.

    `exact` promises are counts, and must be kept by any machine; the others are times of this one.
    """

    goal: str
    done: str
    found: str
    wanted: str
    kept: bool
    exact: bool = True


def spread(seconds: Sequence[float]) -> str:
    """Return median, 99th percentile (nearest rank) and greatest, in milliseconds."""
    if not seconds:
        return "–"
    return f"p50 {1000 * at(seconds, 0.5):.0f}, p99 {1000 * at(seconds, 0.99):.0f}, max {1000 * max(seconds):.0f} ms"


def at(seconds: Sequence[float], share: float) -> float:
    """Return the percentile, by nearest rank. Raises ValueError for nothing."""
    if not seconds:
        raise ValueError("there is no percentile of nothing")
    ordered = sorted(seconds)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def told(lines: Sequence[Line], *, command: str, commit: str, seconds: float) -> str:
    """Return the run with its command, its commit and its machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    broken = sum(not line.kept for line in lines if line.exact)
    missed = sum(not line.kept for line in lines if not line.exact)
    head = (
        f"`{command}` on {clock.now():%Y-%m-%d}, commit `{commit}`; {os.cpu_count()} cores, {memory:.0f} GiB,"
        f" {platform.system()} {platform.release().split('-')[0]}, Python {platform.python_version()};"
        f" {seconds / 60:.0f} minutes:\n**{len(lines)} lines, {broken} promises broken, {missed} times missed.**\n"
    )
    rows = "".join(
        f"| {line.goal} | {line.done} | {line.found} | {line.wanted} | {'yes' if line.kept else '**no**'} |\n"
        for line in lines
    )
    return f"{head}\n| Goal | What was done | What came of it | Wanted | Kept |\n| --- | --- | --- | --- | --- |\n{rows}"
