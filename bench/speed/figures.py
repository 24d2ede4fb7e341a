"""What a run came to: a row for each round of each load, and single figures by their names."""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field

__all__ = ["Row", "Run", "Told", "shown"]

Told = tuple[float, float, float]
"""Median, 95th and 99th percentile, in milliseconds."""


@dataclass(frozen=True)
class Row:
    """One round of one load against one target: right answers, how many a second, CPU microseconds for each."""

    load: str
    target: str
    answers: int
    rate: float
    cpu_us: float
    took: Told
    first: Told
    faults: dict[str, int] = field(default_factory=dict)


@dataclass
class Run:
    """All that was measured. A row with a fault is no data: what it says stays out of every median.

    `values` are bytes of memory (`idle <target>`, `stream <target>`), cycles and refusals a second (`cycles one`,
    `cycles many`, `refusals`, `refusals remembered`), events charged a second (`charged one <events>`, `charged many
    <events>`), and milliseconds of the trickle's p95 (`trickle alone`, `trickle beside`).
    """

    rows: list[Row] = field(default_factory=list)
    values: dict[str, float] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)
    proofs: list[str] = field(default_factory=list)

    def loads(self) -> list[str]:
        """Return the loads, in the order they were played."""
        return list(dict.fromkeys(row.load for row in self.rows))

    def targets(self) -> list[str]:
        """Return the targets, in the order they were asked."""
        return list(dict.fromkeys(row.target for row in self.rows))

    def median(self, load: str, target: str) -> Row | None:
        """Return the median of each figure over the rounds without a fault, None where there is none."""
        good = [row for row in self.rows if (row.load, row.target) == (load, target) and not row.faults]
        if not good:
            return None
        return Row(
            load,
            target,
            answers=sum(row.answers for row in good),
            rate=statistics.median(row.rate for row in good),
            cpu_us=statistics.median(row.cpu_us for row in good),
            took=_medians(row.took for row in good),
            first=_medians(row.first for row in good),
        )

    def faults(self, load: str, target: str) -> dict[str, int]:
        """Return the faults of all rounds of a load against a target, by kind."""
        found: dict[str, int] = {}
        for row in self.rows:
            if (row.load, row.target) == (load, target):
                for kind, number in row.faults.items():
                    found[kind] = found.get(kind, 0) + number
        return found

    @property
    def clean(self) -> bool:
        """Whether every answer was right and everything that was to be proved was."""
        return not self.findings and not any(row.faults for row in self.rows)


def shown(row: Row) -> str:
    """Return a round in a line."""
    wrong = f"  NO DATA: {row.faults}" if row.faults else ""
    return (
        f"{row.load}, {row.target}: {row.rate:,.0f}/s, {row.cpu_us:,.0f} us of CPU, p50 {row.took[0]:.1f} ms,"
        f" p95 {row.took[1]:.1f} ms{wrong}"
    )


def _medians(spreads: Iterable[Told]) -> Told:
    p50, p95, p99 = (statistics.median(column) for column in zip(*spreads, strict=True))
    return p50, p95, p99
