"""What is killed and when: one seed plans it, and the plan is carried out upon processes that the stage started."""

import asyncio
import itertools
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .stage import Stage

__all__ = ["Killed", "Planned", "carry_out", "planned"]

Part = Literal["web", "worker", "beat", "postgres", "valkey"]
BACK_SECONDS = 120.0
YOUNG_SECONDS = 4.0
BEFORE_THE_END = 0.9  # so that requests still come after the last one
# In two rounds of this: web and Celery a third each, PostgreSQL and Valkey a sixth each.
_ROUNDS: tuple[tuple[Part, ...], ...] = (
    ("web", "web", "worker", "beat", "postgres", "valkey"),
    ("web", "web", "worker", "worker", "postgres", "valkey"),
)


@dataclass(frozen=True, slots=True)
class Planned:
    """A part that is to be killed so many seconds after the start of the load."""

    due: float
    part: Part


@dataclass(frozen=True, slots=True)
class Killed:
    """A part that was killed, at a Unix time."""

    at: float
    part: Part


def planned(*, seed: int, kills: int, seconds: float) -> list[Planned]:
    """Spread so many kills over so many seconds of load: each at a random moment of its share, in a random order of parts."""
    dice = random.Random(f"kills {seed}")
    shuffled = (dice.sample(parts, len(parts)) for parts in itertools.cycle(_ROUNDS))
    parts = itertools.islice(itertools.chain.from_iterable(shuffled), kills)
    share = seconds * BEFORE_THE_END / max(1, kills)
    return [Planned(share * (number + dice.random()), part) for number, part in enumerate(parts)]


async def carry_out(stage: Stage, plan: Sequence[Planned]) -> list[Killed]:
    """Kill each part when it is due, once it is back from its last death.

    Raises RuntimeError if one does not come back within BACK_SECONDS.
    """
    began, done = time.monotonic(), []
    for one in plan:
        await asyncio.sleep(max(0.0, began + one.due - time.monotonic()))
        await _back(stage, one.part)
        at = time.time()
        await asyncio.to_thread(stage.kill, one.part)
        done.append(Killed(at, one.part))
    return done


async def _back(stage: Stage, part: Part) -> None:
    deadline = time.monotonic() + BACK_SECONDS
    while time.monotonic() < deadline:
        if await asyncio.to_thread(stage.is_back, part, after=YOUNG_SECONDS):
            return
        await asyncio.sleep(0.1)
    raise RuntimeError(f"{part} did not come back:\n{stage.log.read_text()[-3000:]}")
