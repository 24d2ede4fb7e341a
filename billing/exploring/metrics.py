"""The figures that usage can be asked for, and what each one is of a sum: only what statements can tell exactly."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from billing import figures, sums
from billing.statements import Measures
from catalog.models import TokenClass
from catalog.pricing import CLASSES, OUTPUT_CLASSES, PROMPT_CLASSES

__all__ = ["METRICS", "Metric", "Reading", "Value", "value"]

Unit = Literal["usd", "count", "share"]

_COLUMNS = dict(zip(CLASSES, sums.COUNTS, strict=True))


class Reading(NamedTuple):
    """A metric of some usage: nano-USD or a count; of a share, what it is a share of stands in `whole`."""

    part: int = 0
    whole: int = 0

    def less(self, other: "Reading") -> "Reading":
        """Return what is left of this without another part of it."""
        return Reading(self.part - other.part, self.whole - other.whole)


@dataclass(frozen=True, slots=True)
class Metric:
    """What is asked for: the sum of some columns or, of a share, that out of the sum of others."""

    key: str
    name: str
    unit: Unit
    columns: tuple[str, ...]
    out_of: tuple[str, ...] = ()
    kind: str = ""

    def read(self, used: Measures) -> Reading:
        """Return the metric of some usage."""
        return Reading(_sum(used, self.columns), _sum(used, self.out_of))


def _sum(used: Measures, columns: tuple[str, ...]) -> int:
    return sum(_measure(used, column) for column in columns)


def _measure(used: Measures, column: str) -> int:
    name = _CLASS_OF.get(column)
    number: int = getattr(used, column) if name is None else getattr(used.counts, name)
    return number


_CLASS_OF = {column: name for name, column in _COLUMNS.items()}
_IN = tuple(_COLUMNS[name] for name in PROMPT_CLASSES)
_OUT = tuple(_COLUMNS[name] for name in OUTPUT_CLASSES)
_ALL = (
    Metric("spend", "Spend", "usd", ("cost",)),
    Metric("requests", "Requests", "count", ("requests",)),
    Metric("errors", "Error rate", "share", ("failed",), ("requests",)),
    Metric("cache", "Cache rate", "share", (_COLUMNS["cached"],), _IN),
    Metric("tokens", "Tokens", "count", (*_IN, *_OUT), kind="Tokens"),
    Metric("tokens-in", "Tokens in", "count", _IN, kind="Tokens"),
    Metric("tokens-out", "Tokens out", "count", _OUT, kind="Tokens"),
    *(
        Metric(
            name.replace("_", "-"), f"{TokenClass(name).label} tokens", "count", (column,), kind="By class"
        )
        for name, column in _COLUMNS.items()
        if name in (*PROMPT_CLASSES, *OUTPUT_CLASSES)
    ),
)
METRICS: Mapping[str, Metric] = {metric.key: metric for metric in _ALL}
"""By the name in the address of a view."""


@dataclass(frozen=True, slots=True)
class Value:
    """A figure ready to be set: money in nano-USD, else a text."""

    text: str = ""
    money: int | None = None


def value(metric: Metric, reading: Reading) -> Value:
    """Return how a reading is written: money to be set with its digits, counts with commas, shares in percent."""
    match metric.unit:
        case "usd":
            return Value(money=reading.part)
        case "count":
            return Value(figures.compact(reading.part))
        case _:
            return Value(figures.percent(reading.part, reading.whole, decimals=2))
