"""What a web process takes of its machine and of PostgreSQL: processor, memory, callers' connections, pools."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.db import connections

from inference import process
from kernel.tallies import Level, Total

from . import connections as callers

__all__: list[str] = []

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def _statistics() -> Mapping[str, Mapping[str, Any]]:
    pages = getattr(connections["default"], "pool", None)
    found = {"gateway": process.pool_statistics(), "pages": pages.get_stats() if pages else {}}
    return {name: each for name, each in found.items() if each}


def _of_pools(name: str) -> dict[tuple[str, ...], float]:
    return {(pool,): each.get(name, 0) for pool, each in _statistics().items()}


def _of_states() -> dict[tuple[str, ...], float]:
    found = _statistics().items()
    idle = {(pool, "idle"): each["pool_available"] for pool, each in found}
    return idle | {(pool, "used"): each["pool_size"] - each["pool_available"] for pool, each in found}


def _resident() -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES
    except (OSError, IndexError, ValueError):
        return 0  # only Linux tells


Total("tollway_cpu_seconds_total", "Processor time used.", read=lambda: {(): time.process_time()})
Level(
    "tollway_resident_bytes", "Memory held; 0 where the system does not tell.", read=lambda: {(): _resident()}
)
Level("tollway_connections", "Connections of callers.", read=lambda: {(): callers.taken()})
Level("tollway_connections_most", "How many there may be.", read=lambda: {(): callers.room()})
Level(
    "tollway_pool_connections",
    "Connections to PostgreSQL of the gateway's readers and of the pages.",
    ("pool", "state"),
    read=_of_states,
)
Level(
    "tollway_pool_connections_most",
    "How many there may be.",
    ("pool",),
    read=lambda: _of_pools("pool_max"),
)
Level(
    "tollway_pool_waiting",
    "Who waits for one of them.",
    ("pool",),
    read=lambda: _of_pools("requests_waiting"),
)
Total(
    "tollway_pool_timeouts_total",
    "Who waited for one in vain.",
    ("pool",),
    read=lambda: _of_pools("requests_errors"),
)
