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
    blocks: tuple[Block, ...]
    name: str
    counts: tuple[str, str, str]
    address: str
    begins: str
    ends: str

    @property
    def words(self) -> str:
        """The bar in words."""
        made, failed, refused = self.counts
        return f"{self.name}: {made} let in, {failed} failed, {refused} refused"


@dataclass(frozen=True, slots=True)
class Drawn:
    """The chart: its columns, each as wide as the others, the labels below it with their places, and one sentence."""

    columns: tuple[Column, ...]
    width: str
    labels: tuple[str, ...]
    words: str

    @property
    def paths(self) -> list[tuple[str, str]]:
        """The blocks: of each kind one path for all its columns, as a chart has hundreds of them."""
        drawn: dict[str, list[str]] = {}
        for column in self.columns:
            for block in column.blocks:
                path = f"M{column.x} {block.y}h{self.width}v{block.height}h-{self.width}z"
                drawn.setdefault(block.kind, []).append(path)
        return [(kind, "".join(paths)) for kind, paths in drawn.items()]


def drawn(found: Bars, sought: Sought) -> Drawn:
    """Return the chart of some bars."""
    bars = found.bars
    most = max((bar.made + bar.refused for bar in bars), default=0) or 1
    step = 100 / len(bars)
    moments = [*(bar.begins for bar in bars), found.ends]
    stamps = [moment.isoformat(timespec="minutes") for moment in moments]
    columns = tuple(
        Column(
            x=f"{place * step:.3f}",
            blocks=tuple(_blocks(bar, most)),
            name=_at(bar.begins, found.step),
            counts=(figures.count(bar.made), figures.count(bar.failed), figures.count(bar.refused)),
            address=address,
            begins=stamps[place],
            ends=stamps[place + 1],
        )
        for place, (bar, address) in enumerate(zip(bars, sought.parted(moments), strict=True))
    )
    words = (
        f"Requests from {_at(bars[0].begins, found.step)} to {_at(found.ends, found.step)}: "
        f"{figures.count(found.made)} let in, {figures.count(found.failed)} of them failed,"
        f" {figures.count(found.refused)} refused."
    )
    return Drawn(columns, f"{step:.3f}", tuple(_labels(found)), words)


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
