"""What a process has counted since its start and how much of what it has now, as plain numbers that a scrape reads.

A request pays an addition for each; nothing is locked, written or sent on its way. All are declared where they are
counted, and together are what the process tells: each has the name and the labels that Prometheus knows it by.
"""

from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal

__all__ = ["FAST", "SLOW", "Count", "Kind", "Level", "Spread", "Tally", "Total", "declared", "told"]

Kind = Literal["counter", "gauge", "histogram"]
Labels = tuple[str, ...]

FAST = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Bounds in seconds for what is our own."""
SLOW = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""Bounds in seconds for what upstreams take part in."""
_declared: "dict[str, Tally]" = {}


class Tally(ABC):
    """One figure by its labels: `text` says what it is. Raises ValueError for a name that there is already."""

    kind: ClassVar[Kind]

    def __init__(self, name: str, text: str, labels: Sequence[str] = ()) -> None:
        if name in _declared:
            raise ValueError(f"{name} is counted in two places")
        self.name, self.text, self.labels = name, text, tuple(labels)
        _declared[name] = self

    @abstractmethod
    def told(self) -> list[list[Any]]:
        """Return rows of the labels and what is counted under them, as JSON can hold them."""


class Count(Tally):
    """What only grows. It is kept as an integer, and told in units of which `scale` parts are one."""

    kind: ClassVar[Kind] = "counter"

    def __init__(self, name: str, text: str, labels: Sequence[str] = (), *, scale: int = 1) -> None:
        super().__init__(name, text, labels)
        self._scale = scale
        self._by: dict[Labels, int] = {}

    def add(self, *labels: str, by: int = 1) -> None:
        """Count one more, or `by` more."""
        self._by[labels] = self._by.get(labels, 0) + by

    def told(self) -> list[list[Any]]:
        """Return the labels and the number; without labels, zero too."""
        if not self.labels and not self._by:
            return [[0]]
        scale = self._scale
        return [
            [*labels, number if scale == 1 else number / scale] for labels, number in list(self._by.items())
        ]


class Spread(Tally):
    """How figures are spread over buckets up to each of the bounds, and what they come to together."""

    kind: ClassVar[Kind] = "histogram"

    def __init__(
        self, name: str, text: str, labels: Sequence[str] = (), *, bounds: Sequence[float] = SLOW
    ) -> None:
        super().__init__(name, text, labels)
        self.bounds = tuple(bounds)
        self._by: dict[Labels, list[float]] = {}

    def note(self, figure: float, *labels: str) -> None:
        """Note a figure."""
        row = self._by.get(labels)
        if row is None:
            row = self._by[labels] = [0] * (len(self.bounds) + 2)
        row[bisect_left(self.bounds, figure)] += 1
        row[-1] += figure

    def told(self) -> list[list[Any]]:
        """Return the labels, and a list: the number in each bucket, in that beyond the last bound, and the sum."""
        return [[*labels, list(row)] for labels, row in list(self._by.items())]


class Level(Tally):
    """What goes up and down, asked for when it is told: `read` gives it by its labels."""

    kind: ClassVar[Kind] = "gauge"

    def __init__(
        self,
        name: str,
        text: str,
        labels: Sequence[str] = (),
        *,
        read: Callable[[], Mapping[Labels, float]] = dict,
    ) -> None:
        super().__init__(name, text, labels)
        self.read = read

    def told(self) -> list[list[Any]]:
        """Return the labels and how much there is."""
        return [[*labels, amount] for labels, amount in self.read().items()]


class Total(Level):
    """What only grows and is counted elsewhere, asked for when it is told."""

    kind: ClassVar[Kind] = "counter"


def declared() -> Mapping[str, Tally]:
    """Return every figure that a process of this release tells, by its name."""
    return _declared


def told() -> dict[str, list[list[Any]]]:
    """Return all that there is to tell of this process now, by name; may be called from any thread."""
    return {name: rows for name, each in _declared.items() if (rows := each.told())}
