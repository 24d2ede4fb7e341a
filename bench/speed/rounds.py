"""The loads that are compared, played in turns: each round asks every target once, so that a noisy minute meets all."""

from collections.abc import Sequence
from dataclasses import dataclass

from .figures import Row, Run, shown
from .load import Measured, measured
from .targets import Target

__all__ = ["BURST", "LITELLM", "LOADS", "ONE", "PACED", "PLAIN", "Load", "Scale", "play", "warm"]

LITELLM = "LiteLLM"
WARM_SECONDS = 1.0


@dataclass(frozen=True)
class Scale:
    """How much is asked: rounds and seconds of each, paced and open streams, events to charge, seconds of a trickle."""

    rounds: int = 3
    seconds: float = 5.0
    paced: int = 500
    waves: int = 2
    open_streams: int = 1000
    events: int = 1_000_000
    workspaces: int = 1000
    trickle_seconds: float = 60.0


@dataclass(frozen=True)
class Load:
    """One load; `left_out` are targets that would take minutes for it."""

    name: str
    shape: str
    connections: int
    left_out: tuple[str, ...] = ()


ONE = Load("plain, one at a time", "plain", 1)
PLAIN = Load("plain, 64 at once", "plain", 64)
BURST = Load("100 chunks in a burst, 16 at once", "burst", 16)
PACED = Load("50 chunks every 20 ms, all at once", "paced", 0, left_out=(LITELLM,))
LOADS = (ONE, PLAIN, BURST, PACED)


def warm(targets: Sequence[Target], run: Run) -> list[Target]:
    """Ask each target a little of everything; return those that answered all of it rightly.

    One that did not is left out, and the run says why.
    """
    right = []
    for target in targets:
        wrong: dict[str, int] = {}
        for shape in ("plain", "burst", "paced"):
            wrong |= measured(target, shape, connections=4, seconds=WARM_SECONDS).outcome.faults
        if wrong:
            run.left_out[target.name] = f"its answers were not right while it warmed up: {wrong}"
        else:
            right.append(target)
    return right


def play(targets: Sequence[Target], scale: Scale, run: Run) -> None:
    """Play all loads in turns and note each round."""
    for number in range(scale.rounds):
        for load in LOADS:
            for target in targets if number % 2 == 0 else targets[::-1]:
                if target.name not in load.left_out:
                    row = _row(load, target, _played(load, target, scale))
                    run.rows.append(row)
                    print(f"  round {number + 1}: {shown(row)}", flush=True)


def _played(load: Load, target: Target, scale: Scale) -> Measured:
    if load is PACED:
        return measured(target, load.shape, connections=scale.paced, requests=scale.paced * scale.waves)
    return measured(target, load.shape, connections=load.connections, seconds=scale.seconds)


def _row(load: Load, target: Target, found: Measured) -> Row:
    came = found.outcome
    return Row(
        load.name, target.name, came.answers, came.rate, found.cpu_us, came.took, came.first, came.faults
    )
