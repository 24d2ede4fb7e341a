"""A gateway that dies and is started again, its upstream with a log, its clients with theirs, and who they are."""

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from billing import leases
from kernel import clock
from tests.chaos import load
from tests.chaos.asked import Asked
from tests.chaos.witnesses import Client, read_clients
from tests.fakes.cast import Customer, customer, model
from tests.fakes.gateway import wait_until_ready
from tests.fakes.ports import free_port

from .faults import Fault, Hit, Plan, hits
from .forkserver import Forked, ForkServer
from .roles import GATEWAY

__all__ = ["Dead", "Rig", "rig"]

PATIENCE_SECONDS = 30.0
POLL_SECONDS = 0.02
HELD_TOKENS = 10  # at first, where the caller names no limit
TOKENS = 40  # at 20 ms each: a stream lives for about a second, so one of the checkpoints finds it


class Dead(Exception):
    """The gateway ended while it was started."""


@dataclass
class Rig:
    """What the scenes play on. `outages` are Unix times between which notes could not be committed."""

    server: ForkServer
    home: Path
    upstream_log: Path
    customers: list[Customer]
    quick: str
    slow: str
    outages: list[tuple[float, float]] = field(default_factory=list)
    gateway: Forked | None = None
    port: int = 0
    _markers: "count[int]" = field(default_factory=count)
    _ended_by_then: int = 0

    @property
    def who(self) -> Customer:
        """The customer of all scenes but one."""
        return self.customers[0]

    @property
    def plan(self) -> Plan:
        """The faults of the gateway, and what happened."""
        return Plan(self.home / "plan.json", self.home / "hits.jsonl")

    @property
    def clients_log(self) -> Path:
        """The clients' log."""
        return self.home / "clients.jsonl"

    def start(self, faults: Sequence[Fault] = ()) -> None:
        """Start a gateway. Raises Dead if it ends before its door is open."""
        self.plan.write(faults)
        self.port = free_port()
        plan, journals = [str(self.plan.path), str(self.plan.log)], str(self.home / "journals")
        self.gateway = forked = self.server.fork(GATEWAY, plan=plan, port=self.port, journals=journals)
        url = f"http://127.0.0.1:{self.port}/v1/none"
        try:
            wait_until_ready(url, ended=lambda: forked.ended(within=0))
        except RuntimeError as error:
            self.gateway = None
            raise Dead(str(error)) from error

    def alive(self) -> None:
        """Make sure that there is a gateway which answers; what a dead one left open is reaped."""
        self.plan.write([])
        if self.gateway is None:
            leases.reap(clock.now() + timedelta(hours=1))
            self.start()
        self.eventually(self.answers)

    def died(self, within: float = PATIENCE_SECONDS) -> bool:
        """Tell whether the gateway ends within so many seconds."""
        if self.gateway is not None and self.gateway.ended(within) is not None:
            self.gateway = None
        return self.gateway is None

    def stop(self) -> None:
        """End the gateway as an orchestrator does."""
        if self.gateway is not None:
            self.gateway.signal(signal.SIGTERM)
            if not self.died():
                raise RuntimeError("the gateway did not end")

    def happened(self) -> list[Hit]:
        """Return the faults that happened, in order."""
        return hits(self.plan.log)

    def kill(self) -> None:
        """Kill the gateway, if there is one."""
        if self.gateway is not None:
            self.gateway.signal(signal.SIGKILL)
            self.died()

    def hit(self, fault: Fault, since: int, *, within: float) -> bool:
        """Tell whether a fault happens, after the first `since` of all, within so many seconds."""
        deadline = time.monotonic() + within
        while (fault.point, fault.action) not in {(hit.point, hit.action) for hit in self.happened()[since:]}:
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True

    def newcomer(self, **terms: Any) -> int:
        """Save one more customer and return which of all that is."""
        self.customers.append(customer(**terms))
        return len(self.customers) - 1

    @contextmanager
    def calling(
        self, number: int, name: str, *, who: int = 0, stream: bool = True, limited: bool = True
    ) -> Iterator[threading.Thread]:
        """Have so many calls under way; they are over at the end of the block. Every other one is plain unless `stream`."""
        asked = [self._asked(name, who, stream or place % 2 == 0, limited) for place in range(number)]
        base_url, keys = f"http://127.0.0.1:{self.port}/v1", [each.secret for each in self.customers]
        self._ended_by_then = len(self.heard()) + number
        thread = threading.Thread(
            target=lambda: asyncio.run(load.play(asked, base_url=base_url, keys=keys, log=self.clients_log))
        )
        thread.start()
        try:
            yield thread
        finally:
            thread.join()

    def begun(self) -> bool:
        """Tell whether all calls that are under way are admitted, but for those that were refused."""
        return self.who.open_requests() + len(self.heard()) >= self._ended_by_then

    def answers(self, who: int = 0) -> bool:
        """Call once and tell whether that was answered."""
        with self.calling(1, self.quick, who=who):
            pass
        return self.heard()[-1].ended == "complete"

    def heard(self) -> list[Client]:
        """Return what the clients wrote down."""
        return read_clients(self.clients_log) if self.clients_log.exists() else []

    def eventually(self, true: Callable[[], bool], within: float = PATIENCE_SECONDS) -> bool:
        """Wait until something is true, or the gateway is dead; tell which. Raises AssertionError if neither comes."""
        deadline = time.monotonic() + within
        while not true():
            if self.died(within=0):
                return False
            assert time.monotonic() < deadline, "it did not become true in time"
            time.sleep(POLL_SECONDS)
        return True

    def _asked(self, name: str, who: int, stream: bool, limited: bool) -> Asked:
        marker = f"f{next(self._markers)}"
        return Asked(
            marker=marker,
            due=0,
            workspace=who,
            model=name,
            stream=stream,
            prompt=f"{marker} toll road bridge ferry",
            max_tokens=TOKENS if limited else None,
            hang_up_after=None,
        )


@contextmanager
def rig(server: ForkServer, sandbox: str, upstream_log: Path, home: Path) -> Iterator[Rig]:
    """Set the stage: a customer, and a quick and a slow model."""
    made = Rig(
        server,
        home,
        upstream_log,
        [customer(default_max_tokens=HELD_TOKENS)],
        model((sandbox, "chat")),
        model((sandbox, "slow-20ms")),
    )
    try:
        yield made
    finally:
        made.kill()
