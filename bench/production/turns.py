"""What is restarted and when: two rounds through all parts, and a quiet third between them."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from .site import Site

__all__ = ["ROUND", "Plan", "Turn", "carry_out", "planned"]

ROUND = ("web-1", "web-2", "worker-1", "worker-2", "beat", "proxy", "postgres", "redis")
FULL_MINUTES = 6.0
"""A load that is shorter has one round, and nothing quiet: memory is told and not judged."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Seconds after the start of the load at which each round begins, and how long its turns are apart."""

    rounds: tuple[float, ...]
    apart: float


@dataclass(frozen=True, slots=True)
class Turn:
    """One part's turn, between two Unix times; `note` says what was seen of it."""

    part: str
    round: int
    began: float
    ended: float
    note: str


def planned(*, seconds: float) -> Plan:
    """Plan two rounds, in the first and the last third of the load, or one in a short load."""
    if seconds < 60 * FULL_MINUTES:
        return Plan((0.05 * seconds,), 0.8 * seconds / len(ROUND))
    return Plan((0.03 * seconds, 0.65 * seconds), 0.28 * seconds / len(ROUND))


async def carry_out(site: Site, plan: Plan) -> list[Turn]:
    """Restart each part when it is its turn and the one before is done. Raises RuntimeError if one does not end well."""
    began, turns = time.monotonic(), []
    for number, start in enumerate(plan.rounds, start=1):
        for place, part in enumerate(ROUND):
            due = began + start + place * plan.apart
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            at = time.time()
            note = await asyncio.to_thread(_ACTS.get(part, _restarted(part)), site)
            turns.append(Turn(part, number, at, time.time(), note))
    return turns


def _restarted(part: str) -> Callable[[Site], str]:
    def act(site: Site) -> str:
        code = site.restart(part)
        if code not in (0, -15):  # by the signal itself, once all is done
            raise RuntimeError(f"{part} ended with {code}")
        return "drained, ended, started"

    return act


def _cut(site: Site) -> str:
    return f"{site.cut_connections()} sessions ended by the server"


def _reloaded(site: Site) -> str:
    site.proxy.reload()
    return "reloaded"


def _emptied(site: Site) -> str:
    site.restart_redis()
    return "stopped, started empty"


_ACTS: dict[str, Callable[[Site], str]] = {"postgres": _cut, "proxy": _reloaded, "redis": _emptied}
