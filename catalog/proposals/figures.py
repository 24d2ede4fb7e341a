"""Rates compared: what a class comes to, by how much it moved, and which sell rates keep a margin; exact integers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from catalog.pricing import OUTPUT_CLASSES, PROMPT_CLASSES
from kernel import money

__all__ = [
    "BY_THE_PIECE",
    "PPM",
    "Kept",
    "Move",
    "Rates",
    "Steps",
    "at",
    "below",
    "effective",
    "largest",
    "margin_kept",
    "moves",
    "plain_class",
    "priced_alike",
    "read_back",
    "written",
]

PPM = 1_000_000
BY_THE_PIECE = frozenset({"request", "image", "web_search"})
_PLAIN = {name: side[0] for side in (PROMPT_CLASSES, OUTPUT_CLASSES) for name in side[1:]}

Steps = tuple[tuple[int, int], ...]
"""From prompts longer than so many tokens on, micro-USD per million units; ascending, the first from 0 on."""
Rates = Mapping[str, Steps]


@dataclass(frozen=True, slots=True)
class Move:
    """A rate that differs: of which class, for prompts longer than `above`, in micro-USD per million units.

    `old` is what such units come to now, also where they count as plain ones; None if they come to nothing at all.
    """

    token_class: str
    above: int
    old: int | None
    new: int | None

    @property
    def ppm(self) -> int | None:
        """The move in millionths of the old rate, rounded away from zero; None from nothing, and from or to zero."""
        if not self.old or not self.new:
            return None
        size = -(-abs(self.new - self.old) * PPM // self.old)
        return size if self.new > self.old else -size


@dataclass(frozen=True, slots=True)
class Kept:
    """Sell rates that keep the margin, and the classes whose rates stay because no margin can be told."""

    rates: dict[str, Steps]
    untouched: tuple[str, ...]


def plain_class(token_class: str) -> str | None:
    """Return the class whose price counts where a class has none; None for plain classes and what is sold by the piece."""
    return _PLAIN.get(token_class)


def effective(rates: Rates, token_class: str) -> Steps:
    """Return the steps that units of a class are charged by: its own, else those of the plain class of its side."""
    return rates.get(token_class) or rates.get(_PLAIN.get(token_class, ""), ())


def at(steps: Steps, border: int) -> int | None:
    """Return the rate for prompts just longer than a border; None without steps."""
    return next((amount for minimum, amount in reversed(steps) if minimum <= border), None)


def moves(before: Rates, after: Rates, classes: Iterable[str] | None = None) -> list[Move]:
    """Return where what units come to differs, class by class and step by step, for `classes` or for all of either."""
    found = []
    for name in (before.keys() | after.keys()) if classes is None else classes:
        old, new = effective(before, name), effective(after, name)
        for border in sorted({minimum for minimum, _ in (*old, *new)}):
            if at(old, border) != at(new, border):
                found.append(Move(name, border, at(old, border), at(new, border)))
    return found


def largest(moved: Iterable[Move]) -> int | None:
    """Return the move of greatest size in millionths, with its sign; None if one cannot be told, or there is none."""
    sizes = [move.ppm for move in moved]
    if not sizes or None in sizes:
        return None
    return max((size for size in sizes if size is not None), key=abs)


def margin_kept(sell: Rates, cost_before: Rates, cost_after: Rates) -> Kept:
    """Return the sell rates at which every class earns the same share as before: sell × new cost ÷ old cost, half up.

    New steps of the cost become steps of the sell price. Where either cost is unknown or the old one is zero the sell
    rate stays.
    """
    rates: dict[str, Steps] = {}
    untouched = []
    for name, steps in sell.items():
        old, new = effective(cost_before, name), effective(cost_after, name)
        borders = sorted({minimum for minimum, _ in (*steps, *old, *new)})
        scaled = [
            (border, _scaled(at(steps, border), at(old, border), at(new, border))) for border in borders
        ]
        known = [(border, amount) for border, amount in scaled if amount is not None]
        if len(known) < len(scaled):
            rates[name] = steps
            untouched.append(name)
        else:
            rates[name] = _without_echoes(known)
    return Kept(rates, tuple(untouched))


def below(sell: Rates, cost: Rates, token_class: str) -> bool:
    """Tell whether units of a class are sold for less than they cost, at some length of a prompt."""
    sold, costs = effective(sell, token_class), effective(cost, token_class)
    borders = {minimum for minimum, _ in (*sold, *costs)}
    return any((at(sold, each) or 0) < (at(costs, each) or 0) for each in borders)


def priced_alike(cost: Rates, sell: Rates, token_class: str) -> Steps:
    """Return the sell rates of a class that has none yet, at the margin of the plain class of its side.

    What is sold by the piece has no such class, nor has a plain class itself: they are sold at cost, as is anything
    whose plain class costs nothing.
    """
    plain = _PLAIN.get(token_class, "")
    steps, base_cost, base_sell = cost[token_class], cost.get(plain, ()), sell.get(plain, ())
    borders = sorted({minimum for minimum, _ in (*steps, *base_cost, *base_sell)})
    scaled = [
        (at(steps, each), _scaled(at(steps, each), at(base_cost, each), at(base_sell, each)))
        for each in borders
    ]
    return _without_echoes(
        [
            (border, plainly if kept is None else kept)
            for border, (plainly, kept) in zip(borders, scaled, strict=True)
            if plainly is not None
        ]
    )


def _scaled(amount: int | None, old: int | None, new: int | None) -> int | None:
    if amount is None or not old or new is None:
        return None
    return money.half_up(amount * new, old)


def _without_echoes(steps: Iterable[tuple[int, int]]) -> Steps:
    """Return steps without those that repeat the one before."""
    kept: list[tuple[int, int]] = []
    for step in steps:
        if not kept or kept[-1][1] != step[1]:
            kept.append(step)
    return tuple(kept)


def written(rates: Rates) -> dict[str, list[list[int]]]:
    """Return rates as JSON keeps them."""
    return {name: [[minimum, amount] for minimum, amount in steps] for name, steps in rates.items()}


def read_back(kept: Mapping[str, list[list[int]]]) -> dict[str, Steps]:
    """Return rates that JSON kept."""
    return {name: tuple((minimum, amount) for minimum, amount in steps) for name, steps in kept.items()}
