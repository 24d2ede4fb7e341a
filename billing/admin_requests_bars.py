"""The bars above the operator's list of requests: grey what was let in, amber what was refused, red what failed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from billing import figures
from billing.volume import Bar, Volume

__all__ = ["Drawn", "drawn"]

_HEIGHT = 100.0
_LEAST = 1.5
"""The height of the smallest count that is not none, so that one failure among ten thousand is seen."""
_FILL = 0.8


@dataclass(frozen=True, slots=True)
class Block:
    """A rectangle, in hundredths of the chart; `kind` is made, refused or failed."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Drawn:
    """The chart: its blocks, the labels of its ends, one sentence, and the rows of the table with the same numbers."""

    blocks: tuple[Block, ...]
    first: str
    last: str
    words: str
    rows: tuple[tuple[str, str, str, str], ...]


def drawn(volume: Volume) -> Drawn:
    """Return the chart of a volume."""
    bars = volume.bars
    most = max((bar.made + bar.refused for bar in bars), default=0) or 1
    step = 100 / len(bars)
    blocks = [
        Block(kind, round(place * step, 3), round(y, 3), round(step * _FILL, 3), round(height, 3))
        for place, bar in enumerate(bars)
        for kind, y, height in _stacked(bar, most)
    ]
    words = (
        f"Requests from {_at(bars[0], volume.step)} to {_at(bars[-1], volume.step)} UTC: {figures.count(volume.made)} let in,"
        f" {figures.count(volume.failed)} of them failed, {figures.count(volume.refused)} refused."
    )
    return Drawn(
        tuple(blocks), _at(bars[0], volume.step), _at(bars[-1], volume.step), words, tuple(_rows(volume))
    )


def _stacked(bar: Bar, most: int) -> Iterator[tuple[str, float, float]]:
    """Yield kind, top and height of a bar's parts from the ground up: what went well, what failed, what was refused."""
    top = _HEIGHT
    for kind, count in (("made", bar.made - bar.failed), ("failed", bar.failed), ("refused", bar.refused)):
        if count > 0:
            height = max(_LEAST, (_HEIGHT - 2 * _LEAST) * count / most)
            top -= height
            yield kind, max(0.0, top), height


def _rows(volume: Volume) -> Iterator[tuple[str, str, str, str]]:
    for bar in volume.bars:
        if bar.made or bar.refused:
            made, failed, refused = map(figures.count, (bar.made, bar.failed, bar.refused))
            yield _at(bar, volume.step), made, failed, refused


def _at(bar: Bar, step: timedelta) -> str:
    if step >= timedelta(days=1):
        return figures.day(bar.begins.date())
    return f"{figures.day(bar.begins.date())} {bar.begins:%H:%M}"
