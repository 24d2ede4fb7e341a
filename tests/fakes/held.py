"""What a running gateway holds: told by its watched door and by the machine."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from tests.fakes import caller
from tests.fakes.gateway import Gateway

__all__ = ["PATH", "Held", "forget_peak", "held"]

PATH = "/held"
"""Where `tests.fakes.watched` tells it."""


@dataclass(frozen=True)
class Held:
    """What a gateway process holds: tasks, open files but sockets, connections to callers and upstreams, and memory.

    Memory in KiB, now and at its most.
    """

    tasks: dict[str, int]
    files: int
    wires: int
    resident: int
    peak: int

    def beyond(self, before: "Held") -> dict[str, int]:
        """Return of what there is more than before, tasks by name and files, and how many more."""
        more = Counter(self.tasks) - Counter(before.tasks)
        return {**more, "files": self.files - before.files} if self.files > before.files else dict(more)


def held(gateway: Gateway, upstream_ports: Collection[int]) -> Held:
    """Return what a gateway under `tests.fakes.watched` holds; its upstreams listen on these ports."""
    door = urlsplit(gateway.base_url)
    told = caller.get(f"http://{door.netloc}{PATH}").json
    process = psutil.Process(gateway.process.pid)
    wires = [
        wire
        for wire in process.net_connections("tcp")
        if wire.raddr and (wire.raddr.port in upstream_ports or wire.laddr.port == door.port)
    ]
    status = dict(line.split(":", 1) for line in Path(f"/proc/{process.pid}/status").read_text().splitlines())
    sizes = [int(status[name].split()[0]) for name in ("VmRSS", "VmHWM")]
    return Held(told["tasks"], told["files"], len(wires), *sizes)


def forget_peak(gateway: Gateway) -> None:
    """Have a gateway's greatest memory counted from now."""
    Path(f"/proc/{gateway.process.pid}/clear_refs").write_text("5")
