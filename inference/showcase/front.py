"""What the first page says to who is not signed in: some prices, one charge worked out, how the service and the books are."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from billing import explanations, uptime
from billing.beats import State
from billing.explanations import Explanation
from billing.glance.pulse import added_ms, pulse
from billing.glance.span import Range, Span
from billing.proof import trust
from billing.proof.verdict import Verdict, verdict
from catalog.models import Model, TokenClass
from catalog.pricing import Counts, RateCard
from kernel import clock
from kernel.kept import kept

from ..shelf.visible import Listed, Shelf
from . import buying, goods, service
from .goods import Amount, Good
from .service import Service

__all__ = ["MOST_SHOWN", "Example", "Front", "front"]

MOST_SHOWN = 6
_KEPT_SECONDS = 15.0
_COUNTS = {"input": 6_214, "cached": 11_776, "output": 1_204, "reasoning": 688}


@dataclass(frozen=True, slots=True)
class Row:
    """One class of the example: its tokens, its price in USD per million, and what they come to in USD."""

    name: str
    tokens: int
    price: Amount
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Example:
    """What one request would cost at the list price of this moment."""

    good: Good
    explanation: Explanation
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Front:
    """Everything on the page but the address of the site.

    `added_ms` is the median of seven days, None where nothing was answered in them.
    """

    goods: tuple[Good, ...]
    known: int
    model: str
    example: Example | None
    added_ms: float | None
    service: Service
    books: Verdict
    verdict: trust.Title


@kept(_KEPT_SECONDS)
def front() -> Front:
    """Return what the page says, at most a quarter of a minute old: anybody may ask for it, and often."""
    shelf, record, now = buying.nobodys(), uptime.record(), clock.now()
    on_sale, books = list(shelf.all()), verdict(now)
    shown = tuple(goods.good(listed, shelf, record) for listed in _worth_a_look(on_sale))
    return Front(
        goods=shown,
        known=len(on_sale),
        model=_callable(shelf, shown),
        example=_example(on_sale, shown),
        added_ms=added_ms(pulse(Span(Range.WEEK, now)).now),
        service=service.service(shelf, record),
        books=books,
        verdict=trust.title(books, now),
    )


def _worth_a_look(on_sale: Iterable[Listed]) -> list[Listed]:
    """Return chat models whose tokens have a price, the newest first; the sandbox's own are no models."""
    found = [
        each
        for each in on_sale
        if each.offer.capability == "chat"
        and not each.offer.public_id.startswith(Model.SANDBOX)
        and all(_dear(each.card, name) for name in ("input", "output"))
    ]
    return sorted(found, key=lambda each: (-each.offer.created, each.offer.name))[:MOST_SHOWN]


def _dear(card: RateCard, token_class: str) -> bool:
    return any(amount > 0 for _, amount in card.rates.get(token_class, ()))


def _callable(shelf: Shelf, shown: Iterable[Good]) -> str:
    """Return a model for the line to try: one that a free plan has, else one of those shown, else none."""
    free = (
        each.offer.public_id
        for each in shelf.included()
        if each.offer.capability == "chat"
        and not each.offer.public_id.startswith(Model.SANDBOX)
        and shelf.hops(each.offer)
    )
    well = [each.offer.public_id for each in shown if each.faring.known.now is not State.DOWN]
    return next(free, next(iter(well), ""))


def _example(on_sale: Iterable[Listed], shown: tuple[Good, ...]) -> Example | None:
    if not shown:
        return None
    good = shown[0]
    card = next(each.card for each in on_sale if each.offer is good.offer)
    counts = Counts(**{name: number for name, number in _COUNTS.items() if name in card.rates})
    worked_out = explanations.explain(card, counts, ())
    return Example(good, worked_out, tuple(_row(line) for line in worked_out.lines))


def _row(line: explanations.Line) -> Row:
    price = goods.amount(f"{line.price.normalize():f}", at_least=2)
    return Row(TokenClass(line.token_class).label, line.units, price, line.amount)
