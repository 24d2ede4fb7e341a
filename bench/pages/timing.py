"""How long an address takes: its status, the median and the 95th percentile of many answers, CPU, statements."""

import os
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .places import Place

__all__ = ["Took", "timed"]


@dataclass(frozen=True)
class Took:
    """One address as measured; times in milliseconds, `cpu` of this process and its database session on average."""

    place: Place
    goal: float
    status: int
    p50: float
    p95: float
    cpu: float
    queries: int

    @property
    def misses(self) -> bool:
        """Whether it failed, or took longer than it may."""
        return self.status != 200 or self.p95 > self.goal


def timed(client: Any, place: Place, *, goal: float, runs: int) -> Took:
    """Ask once for status and statements, then `runs` times for the time."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        status = client.get(place.url).status_code
    asked = len(queries)  # the next request forgets them
    took, used = [], _cpu()
    for _ in range(runs):
        began = time.perf_counter()
        client.get(place.url)
        took.append((time.perf_counter() - began) * 1000)
    last = statistics.quantiles(took, n=20)[-1] if len(took) > 1 else took[0]
    return Took(place, goal, status, statistics.median(took), last, (_cpu() - used) * 1000 / runs, asked)


def _cpu() -> float:
    """Return the CPU seconds of this process and of the sessions it holds, where the kernel tells."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE backend_type IN ('client backend', 'parallel worker') AND datname = current_database()"
        )
        pids = [pid for (pid,) in cursor.fetchall()]
    return time.process_time() + sum(_ticks(pid) for pid in pids) / os.sysconf("SC_CLK_TCK")


def _ticks(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0  # a server elsewhere, or a session that has ended
    return int(fields[11]) + int(fields[12])
