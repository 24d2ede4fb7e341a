"""What a new price is held against before it is taken: the one it replaces, the one beneath it, and its cost; pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from .margin import margin
from .pricing import Factor, RateCard, Unpriced
from .quote import quote
from .timetable import Timetable, Version

__all__ = ["JUMP", "Jump", "beneath", "jumps", "lacking", "losses"]

JUMP = 5
"""How many times dearer or cheaper a price becomes without being asked for twice."""
_FLAT = frozenset({"request"})


@dataclass(frozen=True, slots=True)
class Jump:
    """A rate, for prompts longer than `above`, that moves by more than JUMP times; micro-USD per million."""

    token_class: str
    above: int
    old: int
    new: int

    @property
    def times(self) -> str:
        """How far it moves, in words."""
        low, high = sorted((self.old, self.new))
        if not low:
            return "from nothing" if self.new else "to nothing"
        tenths = high * 10 // low
        written = f"{tenths // 10:,}" + (f".{tenths % 10}" if tenths % 10 else "")
        return f"{written} times {'dearer' if self.new > self.old else 'cheaper'}"


def beneath(known: Timetable, version: Version) -> Version | None:
    """Return the standard price in force when a version begins, itself left out, or None."""
    begun = (
        other
        for other in known.standards
        if other.valid_from <= version.valid_from and other.card.version_id != version.card.version_id
    )
    return next(begun, None)


def jumps(new: RateCard, old: RateCard) -> tuple[Jump, ...]:
    """Return the rates of both cards that differ more than JUMP times; from or to nothing is more."""
    return tuple(_jumps(new, old))


def lacking(card: RateCard, standard: RateCard) -> tuple[str, ...]:
    """Return the classes that a standard price has and a card above it has not."""
    return tuple(name for name in standard.rates if name not in card.rates)


def losses(
    card: RateCard, costs: Mapping[str, RateCard], factors: Iterable[Factor]
) -> Iterator[tuple[str, str]]:
    """Give provider and class for what is sold below what that provider charges; `costs` are by provider."""
    sold = quote(card, tuple(factors))
    for provider, cost in costs.items():
        for name in dict.fromkeys(row.token_class for row in margin(sold, quote(cost, ())) if row.below(0)):
            yield provider, name


def _jumps(new: RateCard, old: RateCard) -> Iterator[Jump]:
    for name, steps in new.rates.items():
        borders = {0} if name in _FLAT else {above for above, _ in (*steps, *old.rates.get(name, ()))}
        for above in sorted(borders):
            was, becomes = _rate(old, name, above), _rate(new, name, above)
            if was is None or becomes is None:
                continue
            low, high = sorted((was, becomes))
            if high > JUMP * low:
                yield Jump(name, above, was, becomes)


def _rate(card: RateCard, name: str, above: int) -> int | None:
    try:
        return card.rate(name, above + 1 if above else 0)
    except Unpriced:
        return None
