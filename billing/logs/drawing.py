"""The bars above the list as they are drawn: grey what was let in, red what failed, amber what was refused."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from billing import figures
from billing.volume import Bar

from .bars import Bars
from .sought import Sought

__all__ = ["Column", "Drawn", "drawn"]

_LEAST = 3.0
"""The height of the smallest count that is not none, in hundredths, so that one failure among ten thousand is seen."""
_LABELS = 5


@dataclass(frozen=True, slots=True)
class Block:
    """A rectangle in hundredths of the chart, as SVG writes them; `kind` is made, failed or refused."""

    kind: str
    y: str
    height: str


@dataclass(frozen=True, slots=True)
class Column:
    """One bar: where it stands, in hundredths as SVG writes them, what it is made of, what it says, the list of its time."""

    x: str
    width: str
    blocks: tuple[Block, ...]
    name: str
    counts: tuple[str, str, str]
    address: str
    begins: str
    ends: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """The chart: its columns, the labels below it with their places, and one sentence."""

    columns: tuple[Column, ...]
    labels: tuple[str, ...]
    words: str


def drawn(found: Bars, sought: Sought) -> Drawn:
    """Return the chart of some bars."""
    bars = found.bars
    most = max((bar.made + bar.refused for bar in bars), default=0) or 1
    step = 100 / len(bars)
    ends = [*(bar.begins for bar in bars[1:]), found.ends]
    columns = tuple(
        _column(bar, end, found.step, sought, x=place * step, width=step, most=most)
        for place, (bar, end) in enumerate(zip(bars, ends, strict=True))
    )
    words = (
        f"Requests from {_at(bars[0].begins, found.step)} to {_at(found.ends, found.step)}: "
        f"{figures.count(found.made)} let in, {figures.count(found.failed)} of them failed,"
        f" {figures.count(found.refused)} refused."
    )
    return Drawn(columns, tuple(_labels(found)), words)


def _column(
    bar: Bar, ends: datetime, step: timedelta, sought: Sought, *, x: float, width: float, most: int
) -> Column:
    return Column(
        x=f"{x:.3f}",
        width=f"{width:.3f}",
        blocks=tuple(_blocks(bar, most)),
        name=_at(bar.begins, step),
        counts=(figures.count(bar.made), figures.count(bar.failed), figures.count(bar.refused)),
        address=sought.within(bar.begins, ends).address(),
        begins=bar.begins.isoformat(timespec="minutes"),
        ends=ends.isoformat(timespec="minutes"),
    )


def _blocks(bar: Bar, most: int) -> Iterator[Block]:
    """Yield a bar's parts from the ground up: what went well, what failed, what was refused."""
    top = 100.0
    for kind, count in (("made", bar.made - bar.failed), ("failed", bar.failed), ("refused", bar.refused)):
        if count > 0:
            height = max(_LEAST, (100 - 2 * _LEAST) * count / most)
            top -= height
            yield Block(kind, f"{max(0.0, top):.2f}", f"{height:.2f}")


def _labels(found: Bars) -> Iterator[str]:
    """Yield the moments that stand below the bars, evenly parted: the first, the end, and some between."""
    begins = found.bars[0].begins
    for place in range(_LABELS):
        yield _at(begins + place * (found.ends - begins) / (_LABELS - 1), found.step)


def _at(moment: datetime, step: timedelta) -> str:
    if step >= timedelta(days=1):
        return figures.day(moment.date())
    if step >= timedelta(hours=1):
        return f"{figures.day(moment.date())} {moment:%H:%M}"
    return f"{moment:%H:%M}"
