"""The figures to reach, and what a run says of each."""

from collections.abc import Callable
from dataclasses import dataclass

from .charging import LEAST, sizes
from .figures import Row, Run
from .peers import PORTKEY
from .rounds import BURST, LITELLM, ONE, PACED, PLAIN, Load
from .shapes import SHAPES
from .site import NAME

__all__ = ["GOALS", "Goal"]

BARE, UPSTREAM = "bare relay", "upstream itself"
Read = Callable[[Run], float | None]


@dataclass(frozen=True)
class Goal:
    """One measure: at least or at most so much of a unit; `read` finds it in a run, None where it was not measured."""

    line: str
    measure: str
    bound: str
    number: float
    unit: str
    read: Read

    def met(self, value: float) -> bool:
        """Whether a figure reaches the goal."""
        return value >= self.number if self.bound == "≥" else value <= self.number


def _of(load: Load, target: str, figure: Callable[[Row], float]) -> Read:
    def read(run: Run) -> float | None:
        row = run.median(load.name, target)
        return None if row is None else figure(row)

    return read


def _value(name: str, *, per: float = 1.0) -> Read:
    return lambda run: run.values[name] / per if name in run.values else None


def _joined(first: Read, second: Read, how: Callable[[float, float], float]) -> Read:
    def read(run: Run) -> float | None:
        one, other = first(run), second(run)
        return None if one is None or other is None else how(one, other)

    return read


def _ratio(first: Read, second: Read) -> Read:
    return _joined(first, second, lambda one, other: one / other if other else float("inf"))


def _times(load: Load, peer: str) -> Read:
    return _ratio(_of(load, NAME, lambda row: row.rate), _of(load, peer, lambda row: row.rate))


def _added(over: str) -> Read:
    def median(row: Row) -> float:
        return row.took[0]

    return _joined(_of(ONE, NAME, median), _of(ONE, over, median), lambda one, other: one - other)


def _against_bare(figure: Callable[[Row], float]) -> Read:
    return _ratio(_of(PACED, NAME, figure), _of(PACED, BARE, figure))


def _greatest(name: str) -> Read:
    """Return events charged a second where most waited."""

    def read(run: Run) -> float | None:
        found = [size for size in sizes(10**9) if f"charged {name} {size}" in run.values]
        return run.values[f"charged {name} {found[-1]}"] if found else None

    return read


def _growth(run: Run) -> float | None:
    """Return what an event costs where most wait, as a multiple of the cheapest where fewer do."""
    rates = [run.values[name] for size in sizes(10**9) if (name := f"charged one {size}") in run.values]
    return max(rates[:-1]) / rates[-1] if len(rates) > 1 else None


MB = 10**6
_CHUNKS = SHAPES[PACED.shape].pieces
GOALS = (
    Goal("P1", "plain, 64 at once: requests a second against LiteLLM", "≥", 25, "×", _times(PLAIN, LITELLM)),
    Goal("P2", "the same against Portkey", "≥", 3, "×", _times(PLAIN, PORTKEY)),
    Goal("P3", "the same against the bare relay", "≥", 0.5, "×", _times(PLAIN, BARE)),
    Goal("P4", "one at a time: median added to the upstream's own", "≤", 2, "ms", _added(UPSTREAM)),
    Goal("P5", "bursts of 100 chunks, 16 at once, against LiteLLM", "≥", 100, "×", _times(BURST, LITELLM)),
    Goal("P5", "the same against Portkey", "≥", 4, "×", _times(BURST, PORTKEY)),
    Goal("P5", "the same against the bare relay", "≥", 0.5, "×", _times(BURST, BARE)),
    Goal(
        "P6",
        "paced streams: CPU for each chunk against the bare relay",
        "≤",
        1.25,
        "×",
        _against_bare(lambda row: row.cpu_us / _CHUNKS),
    ),
    Goal("P6", "the same: p95 to the first chunk", "≤", 2.5, "×", _against_bare(lambda row: row.first[1])),
    Goal(
        "P7", "CPU for a plain request, 64 at once", "≤", 450, "µs", _of(PLAIN, NAME, lambda row: row.cpu_us)
    ),
    Goal("P7", "CPU for a burst, 16 at once", "≤", 900, "µs", _of(BURST, NAME, lambda row: row.cpu_us)),
    Goal("P8", "memory for 1,000 open streams", "≤", 60, "MB", _value(f"stream {NAME}", per=MB / 1000)),
    Goal("P8", "memory of an idle worker", "≤", 120, "MB", _value(f"idle {NAME}", per=MB)),
    Goal("P9", "admitted and settled a second, one workspace", "≥", 12_000, "", _value("cycles one")),
    Goal("P9", "the same, many workspaces", "≥", 8_000, "", _value("cycles many")),
    Goal("P9", "refused a second, by the database", "≥", 30_000, "", _value("refusals")),
    Goal("P10", "events charged a second, one workspace", "≥", 500_000, "", _greatest("one")),
    Goal("P10", "the same, many workspaces", "≥", 100_000, "", _greatest("many")),
    Goal(
        "P10",
        f"cost of an event where most wait, against the cheapest from {LEAST:,} on",
        "≤",
        1.2,
        "×",
        _growth,
    ),
    Goal(
        "P11",
        "one request a second beside another's flood: its p95 against alone",
        "≤",
        1.5,
        "×",
        _ratio(_value("trickle beside"), _value("trickle alone")),
    ),
)
"""In the order of their lines."""
