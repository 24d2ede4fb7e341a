"""How days of a time zone are made of UTC days: each whole day goes to one span, and its quarters elsewhere are moved.

A local day is a UTC day but for the hours between the two midnights. Only those are read by quarters: of Kolkata's days a
quarter of the rows, of a month's in any zone those of its two ends.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from .cuts import Cut

__all__ = ["Move", "Patches", "patches"]

_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Move:
    """Quarters from `begins` up to `ends` that are counted with a whole day into slot `out_of`, but are of `into`."""

    begins: datetime
    ends: datetime
    into: int
    out_of: int


@dataclass(frozen=True, slots=True)
class Patches:
    """The slot of each UTC day from `first` on, and what is moved; slot 1 is the first span, 0 is outside the cut."""

    first: date
    slots: tuple[int, ...]
    moves: tuple[Move, ...]


def patches(cut: Cut) -> Patches:
    """Return how a cut is made of whole UTC days and quarters; each day goes where most of it is."""
    edges = [span.begins.astimezone(UTC) for span in cut.spans] + [cut.ends.astimezone(UTC)]
    first, slots, moves = edges[0].date(), [], []
    place = 0  # how many edges are at or before the beginning of the day
    for number in range((edges[-1] - _INSTANT).date().toordinal() - first.toordinal() + 1):
        midnight = datetime.combine(first, time(), UTC) + number * _DAY
        pieces = list(_pieces(midnight, place, edges))
        _, _, most = max(pieces, key=lambda piece: piece[1] - piece[0])
        slots.append(most)
        moves += [Move(begins, ends, slot, most) for begins, ends, slot in pieces if slot != most]
        while place < len(edges) and edges[place] <= midnight + _DAY:
            place += 1
    return Patches(first, tuple(slots), tuple(moves))


def _pieces(
    midnight: datetime, place: int, edges: Sequence[datetime]
) -> Iterator[tuple[datetime, datetime, int]]:
    """Cut a UTC day at the edges within it: from, up to, and the slot."""
    begins, ends = midnight, midnight + _DAY
    while place < len(edges) and edges[place] < ends:
        if edges[place] > begins:
            yield begins, edges[place], place
        begins = max(begins, edges[place])
        place += 1
    yield begins, ends, place % len(edges)
