"""Fairness: what one request a second takes beside another workspace's flood of half of what the worker can do."""

import statistics

from .driver import Outcome
from .figures import Run
from .load import beside, measured
from .rounds import PLAIN, Scale
from .site import Site

__all__ = ["play"]

FLOOD_CONNECTIONS = 256
BEFORE_SECONDS, AFTER_SECONDS = 3.0, 2.0
"""For how long the flood runs before the first and after the last request of the trickle."""


def play(site: Site, scale: Scale, run: Run) -> None:
    """Note the trickle's p95 alone and beside the flood, by turns. Without a figure for the capacity, note nothing."""
    full = run.median(PLAIN.name, site.target.name)
    if full is None:
        run.findings.append("fairness was not measured: the worker's capacity is not known")
        return
    alone, besides, floods = [], [], []
    for _ in range(max(1, scale.rounds // 2)):
        alone.append(_trickle(site, scale))
        outcome, flood = _beside(site, scale, full.rate / 2)
        besides.append(outcome)
        floods.append(flood)
    run.values["flood"] = statistics.median(flood.rate for flood in floods)
    run.values["trickle alone"] = statistics.median(outcome.took[1] for outcome in alone)
    run.values["trickle beside"] = statistics.median(outcome.took[1] for outcome in besides)
    run.findings += [
        f"fairness: {outcome.faults}" for outcome in (*alone, *besides, *floods) if outcome.faults
    ]


def _trickle(site: Site, scale: Scale) -> Outcome:
    return measured(site.other, "plain", connections=2, seconds=scale.trickle_seconds, rate=1.0).outcome


def _beside(site: Site, scale: Scale, rate: float) -> tuple[Outcome, Outcome]:
    lasts = BEFORE_SECONDS + scale.trickle_seconds + AFTER_SECONDS
    with beside(site.target, "plain", connections=FLOOD_CONNECTIONS, seconds=lasts, rate=rate) as flood:
        # One answer of its own first: the trickle begins when the flood is there.
        measured(site.other, "plain", connections=1, seconds=BEFORE_SECONDS, rate=1.0)
        outcome = _trickle(site, scale)
    return outcome, flood[0]
