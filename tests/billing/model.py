"""The ledger in eighty lines: lots, holds and charges as plain lists, without SQL, against which the real one is run."""

from dataclasses import dataclass, field
from typing import Any

YESTERDAY, TODAY, TOMORROW = -1, 0, 1
OWN = ("topup", "correction")


@dataclass
class Model:
    """One workspace. Days are relative to today; a lot that ends today pays yesterday's usage only.

    `counted` are the days that are in this month.
    """

    lots: list[dict[str, Any]] = field(default_factory=list)
    unposted: list[tuple[int, int]] = field(default_factory=list)
    open: dict[Any, tuple[int, int]] = field(default_factory=dict)
    uncovered: int = 0
    spill: tuple[str, int | None] = ("free", None)
    spilled: int = 0
    counted: tuple[int, ...] = (YESTERDAY, TODAY)

    @property
    def posted(self) -> int:
        return sum(int(lot["left"]) for lot in self.lots) - self.uncovered

    @property
    def withheld(self) -> int:
        rule, ceiling = self.spill
        own = sum(int(lot["left"]) for lot in self.lots if lot["source"] in OWN)
        if rule == "free" or (rule == "on" and ceiling is None):
            return 0
        return own if ceiling is None else max(0, own - max(0, ceiling - self.spilled))

    @property
    def funds(self) -> int:
        ended = sum(int(lot["left"]) for lot in self.lots if lot["ends"] == TODAY)
        held = sum(hold for hold, _ in self.open.values())
        return self.posted - sum(cost for _, cost in self.unposted) - held - self.withheld - ended

    def give(self, tx: Any, amount: int, source: str, priority: int, ends: int | None = None) -> None:
        owed = min(amount, self.uncovered)
        self.uncovered -= owed
        lot = {"tx": tx, "source": source, "priority": priority, "ends": ends, "left": amount - owed}
        self.lots.append(lot)

    def take(self, amount: int, day: int, first: Any = None) -> int:
        """Take an amount; return how much of it was the customer's own money."""
        own = 0
        order = sorted(
            self.lots, key=lambda lot: (lot["priority"], 99 if lot["ends"] is None else lot["ends"])
        )
        payers = [lot for lot in order if lot["ends"] is None or day < lot["ends"]]
        for lot in [lot for lot in self.lots if first is not None and lot["tx"] == first] + payers:
            given = min(lot["left"], amount)
            lot["left"] -= given
            amount -= given
            own += given if lot["source"] in OWN else 0
        self.uncovered += amount
        return own

    def post(self) -> None:
        """Charge what is unposted, a sum for each day, the earlier one first."""
        for day in (YESTERDAY, TODAY):
            cost = sum(cost for on, cost in self.unposted if on == day)
            if cost > 0:
                self.spilled += self.take(cost, day) * (day in self.counted)
            elif cost < 0:
                self.give(None, -cost, "correction", 100)
        self.unposted.clear()

    def lapse(self) -> None:
        """End what ended today, unless usage of yesterday is open or not yet charged."""
        if not any(day == YESTERDAY for day, _ in (*self.unposted, *((d, h) for h, d in self.open.values()))):
            for lot in self.lots:
                lot["left"] = 0 if lot["ends"] == TODAY else lot["left"]
