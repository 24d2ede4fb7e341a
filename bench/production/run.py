"""One run from the first part's start to the last comparison, and what it came to."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.chaos.asked import drawn
from tests.chaos.campaign import Outcome, Scale, compared, rest
from tests.chaos.witnesses import Client

from . import exact, totals
from .crowd import A_SECOND, MODEL, Looked, come, gathered, hang_up
from .exact import Limit
from .totals import Said
from .turns import ROUND, Plan, Turn, carry_out, planned

if TYPE_CHECKING:
    from .crowd import Crowd
    from .site import Site

__all__ = ["DRIFT", "Failed", "Grown", "Run", "play"]

SAMPLE_SECONDS = 5.0
WARM_SECONDS = 30.0
DRIFT = 0.10
"""How much more memory a process may have at the end of the quiet third than at its beginning."""
CUT_SECONDS = 10.0
"""A request that met a cut of PostgreSQL's connections may be answered with 503 so long after it."""
REPORTED_SECONDS = 6.0
_BY_DESIGN = {"sandbox/cut-stream": (200, ("failed", "broken")), "sandbox/flaky": (502, ("refused",))}
"""Models whose upstream fails: the status, and how it may end. The flaky one fails every other call of all callers."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A request or page that came to no good end: who asked what, when, and how it ended."""

    what: str
    at: float
    ended: str


@dataclass(frozen=True, slots=True)
class Grown:
    """The memory of one part in bytes: at the start of the quiet third, in its middle, and at its end."""

    part: str
    marks: tuple[float, float, float]

    @property
    def drift(self) -> float:
        """How much more it was at the end, as a share of the start."""
        return self.marks[2] / self.marks[0] - 1


@dataclass(frozen=True)
class Run:
    """What a run came to. `judged` is whether it was long enough to judge memory by."""

    minutes: float
    seed: int
    versions: list[str]
    outcome: Outcome
    turns: list[Turn]
    turns_planned: int
    looked: list[Looked]
    failed: list[Failed]
    cut: list[Failed]
    memory: list[Grown]
    judged: bool
    limits: list[Limit]
    said: list[Said]

    @property
    def clean(self) -> bool:
        """Whether every promise was kept."""
        return (
            self.outcome.clean
            and not self.failed
            and len(self.turns) == self.turns_planned
            and all(limit.kept for limit in self.limits)
            and all(each.agrees for each in self.said)
            and not (self.judged and any(part.drift > DRIFT for part in self.memory))
        )


def play(site: "Site", *, minutes: float, seed: int, home: Path) -> Run:
    """Play the load and the turns, let all come to rest, try the limits, and compare. The logs are left in `home`."""
    seconds = 60 * minutes
    requests, log = round(A_SECOND * seconds), home / "clients.jsonl"
    crowd, plan = gathered(requests), planned(seconds=seconds)
    for port in site.ports.values():
        for who in (*crowd.many, crowd.writer, crowd.capped):
            exact.known(f"http://127.0.0.1:{port}/v1", who.secret, MODEL)
    looked, turns, samples = asyncio.run(_under_load(site, crowd, plan, seed, seconds, log))
    hang_up()
    began = time.monotonic()
    left = rest(site)
    scale = Scale(requests=requests, kills=0, seconds=seconds, seed=seed)
    outcome = compared(site, scale, log, [], left, time.monotonic() - began)
    own = _own(outcome.clients, seed, requests, seconds)
    said = [*totals.compared(site, crowd, own), *totals.at_rest(site)]
    limits, told = _limits(site)
    failed, cut = _failures(outcome.clients, looked, turns)
    return Run(
        minutes=minutes,
        seed=seed,
        versions=[site.rows("SHOW server_version")[0][0], site.proxy.version()],
        outcome=outcome,
        turns=turns,
        turns_planned=len(plan.rounds) * len(ROUND),
        looked=looked,
        failed=failed,
        cut=cut,
        memory=_grown(samples, turns),
        judged=len(plan.rounds) > 1,
        limits=limits,
        said=[*said, *told],
    )


async def _under_load(
    site: "Site", crowd: "Crowd", plan: Plan, seed: int, seconds: float, log: Path
) -> tuple[list[Looked], list[Turn], list[tuple[float, dict[str, int]]]]:
    samples: list[tuple[float, dict[str, int]]] = []
    watching = asyncio.create_task(_watch(site, samples))
    try:
        async with asyncio.TaskGroup() as tasks:
            coming = tasks.create_task(come(site, crowd, seed=seed, seconds=seconds, log=log))
            turning = tasks.create_task(carry_out(site, plan))
    finally:
        watching.cancel()
    return coming.result(), turning.result(), samples


async def _watch(site: "Site", samples: list[tuple[float, dict[str, int]]]) -> None:
    while True:
        samples.append((time.time(), await asyncio.to_thread(site.memory)))
        await asyncio.sleep(SAMPLE_SECONDS)


def _own(clients: Sequence[Client], seed: int, requests: int, seconds: float) -> list[Client]:
    """Return what callers of the first workspace heard."""
    asked = drawn(seed=seed, requests=requests, seconds=seconds)
    markers = {one.marker for one in asked if one.workspace == 0}
    return [client for client in clients if client.marker in markers]


def _limits(site: "Site") -> tuple[list[Limit], list[Said]]:
    """Try the limits, and compare what passed and what was refused with what the web processes counted."""
    counters = ("tollway_settled_total", "tollway_refusals_total")
    before = [totals.counted(site, name) for name in counters]
    limits = list(exact.held(site))
    time.sleep(REPORTED_SECONDS)
    callers = (sum(limit.passed for limit in limits), sum(limit.refused for limit in limits))
    return limits, [
        Said(name, {"callers": str(heard), "/metrics": str(totals.counted(site, name) - began)})
        for name, heard, began in zip(counters, callers, before, strict=True)
    ]


def _failures(
    clients: Sequence[Client], looked: Sequence[Looked], turns: Sequence[Turn]
) -> tuple[list[Failed], list[Failed]]:
    """Return what failed, and apart from it what was refused with 503 because its connection to PostgreSQL was cut.

    Of pages only those that were being made at that very moment.
    """
    ended = [turn for turn in turns if turn.part == "postgres"]
    cuts = [turn.began for turn in ended]
    failed: list[Failed] = []
    cut: list[Failed] = []
    for client in clients:
        if _is_well(client):
            continue
        found = Failed(client.model, client.began, f"{client.ended} {client.status}")
        met = any(client.began <= at + CUT_SECONDS and client.ended_at >= at for at in cuts)
        (cut if met and client.status == 503 else failed).append(found)
    for page in looked:
        if page.status != 200:
            found = Failed(page.path, page.at, str(page.status))
            met = any(page.at <= turn.ended and page.at + page.seconds >= turn.began for turn in ended)
            (cut if met else failed).append(found)
    return failed, cut


def _is_well(client: Client) -> bool:
    if client.ended == "refused" and client.status in (402, 429):
        return True
    status, ends = _BY_DESIGN.get(client.model, (0, ()))
    return client.ended in ("complete", "hung_up") or (client.status == status and client.ended in ends)


def _grown(samples: Sequence[tuple[float, dict[str, int]]], turns: Sequence[Turn]) -> list[Grown]:
    """Return each part's memory between the rounds, or of the whole run where there was one: medians of three samples."""
    first = [turn for turn in turns if turn.round == 1]
    second = [turn.began for turn in turns if turn.round == 2]
    begins = first[-1].ended + WARM_SECONDS if second else samples[0][0]
    ends = second[0] if second else samples[-1][0]
    quiet = [sample for at, sample in samples if begins <= at <= ends]
    return [
        Grown(part, (_at(quiet, part, 0.0), _at(quiet, part, 0.5), _at(quiet, part, 1.0)))
        for part in quiet[0]
        if all(part in sample for sample in quiet)
    ]


def _at(samples: Sequence[dict[str, int]], part: str, share: float) -> float:
    place = round(share * (len(samples) - 1))
    near = samples[max(0, min(place - 1, len(samples) - 3)) :][:3]
    return statistics.median(sample[part] for sample in near)
