"""One job against one target: the driver as a process of its own, and the CPU that the target used meanwhile."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Required, TypedDict, Unpack

from . import meters
from .driver import Job, Outcome
from .targets import Target, process

__all__ = ["Measured", "beside", "measured"]

_DRIVER = (sys.executable, "-m", "bench.speed.driver")


class How(TypedDict, total=False):
    """How a job is played, as `Job` tells."""

    connections: Required[int]
    seconds: float
    requests: int
    rate: float


@dataclass(frozen=True)
class Measured:
    """What came of a job, and the CPU seconds that its target used from the first request to the last answer."""

    outcome: Outcome
    cpu: float

    @property
    def cpu_us(self) -> float:
        """CPU microseconds for each right answer."""
        return self.cpu * 1e6 / self.outcome.answers if self.outcome.answers else 0.0


def measured(target: Target, shape: str, **how: Unpack[How]) -> Measured:
    """Play one job to its end. Raises RuntimeError if the driver fails, ProcessLookupError if the target has ended."""
    with _driver() as driver:
        used = meters.cpu_seconds(target.pid)
        _send(driver, Job(target.port, target.requests[shape], shape, **how))
        outcome = _told(driver, target, shape)
        return Measured(outcome, meters.cpu_seconds(target.pid) - used)


@contextmanager
def beside(target: Target, shape: str, **how: Unpack[How]) -> Iterator[list[Outcome]]:
    """Have a job go on beside the block; what came of it is in the list once the block is left."""
    ended: list[Outcome] = []
    with _driver() as driver:
        _send(driver, Job(target.port, target.requests[shape], shape, **how))
        yield ended
        ended.append(_told(driver, target, shape))


@contextmanager
def _driver() -> Iterator["subprocess.Popen[str]"]:
    pipe = subprocess.PIPE
    with process(_DRIVER, core=meters.cores().load, stdin=pipe, stdout=pipe) as driver:
        assert driver.stdout is not None
        if driver.stdout.readline() != "ready\n":
            raise RuntimeError("the driver did not start")
        yield driver


def _send(driver: "subprocess.Popen[str]", job: Job) -> None:
    assert driver.stdin is not None
    driver.stdin.write(json.dumps(asdict(job)) + "\n")
    driver.stdin.flush()


def _told(driver: "subprocess.Popen[str]", target: Target, shape: str) -> Outcome:
    assert driver.stdout is not None
    line = driver.stdout.readline()
    if not line:
        raise RuntimeError("the driver failed; what it said stands above")
    outcome = Outcome(**json.loads(line))
    target.answered[shape] += outcome.answers
    return outcome
