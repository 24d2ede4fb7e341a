"""How the charge of one usage event came about: each class at its pinned rate, the factors, one rounding."""

from dataclasses import dataclass
from decimal import Decimal

from billing import pinned
from billing.models import UsageEvent
from catalog import pricing
from catalog.models import Multiplier

__all__ = ["BuildUp", "Line", "build_up", "counts_of"]

_COLUMNS = {"image": "images", "web_search": "web_searches"}
_MICRO_PER_USD = 10**6
_PER_UNIT = frozenset({"request", "image", "web_search"})


@dataclass(frozen=True, slots=True)
class Line:
    """One class: how many units, at how many USD per million tokens or per unit, and their exact product in USD."""

    token_class: str
    units: int
    price: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class BuildUp:
    """A charge from its parts, in USD; `note` says why the parts do not make the charge, if they do not."""

    lines: tuple[Line, ...]
    listed: Decimal
    factors: tuple[tuple[str, Decimal], ...]
    exact: Decimal
    computed_nano: int
    charged_nano: int
    note: str


def counts_of(event: UsageEvent) -> pricing.Counts:
    """Return the counts of an event by the names of their classes."""
    return pricing.Counts(
        **{name: getattr(event, _COLUMNS.get(name, f"{name}_tokens")) for name in pricing.CLASSES}
    )


def build_up(event: UsageEvent) -> BuildUp | None:
    """Recompute an event's cost from its pinned price version and factors; None if that version has no rates."""
    card = pinned.cards([event.price_version_id]).get(event.price_version_id)
    if card is None:
        return None
    counts, folded = pricing.fold(card, counts_of(event))
    lines = tuple(_lines(card, counts))
    factors = pricing.parse_factors(event.multipliers)
    listed = sum((line.amount for line in lines), Decimal(0))
    exact = listed
    for factor in factors:
        exact = exact * factor.ppm / pricing.PPM
    computed = pricing.cost(card, counts, factors)
    return BuildUp(
        lines=lines,
        listed=listed,
        factors=_named(factors),
        exact=exact,
        computed_nano=computed,
        charged_nano=event.cost,
        note=_note(event, computed, folded=folded),
    )


def _lines(card: pricing.RateCard, counts: pricing.Counts) -> list[Line]:
    units = {name: getattr(counts, name) for name in pricing.CLASSES} | {"request": 1}
    prompt = counts.prompt_tokens
    lines = []
    for name, number in units.items():
        if number and name in card.rates:
            micro = Decimal(card.rate(name, 0 if name == "request" else prompt))
            price = micro / _MICRO_PER_USD / (_MICRO_PER_USD if name in _PER_UNIT else 1)
            lines.append(Line(name, number, price, micro * number / _MICRO_PER_USD**2))
    return lines


def _named(factors: tuple[pricing.Factor, ...]) -> tuple[tuple[str, Decimal], ...]:
    rows = Multiplier.objects.in_bulk([factor.id for factor in factors])
    named = []
    for factor in factors:
        row = rows.get(factor.id)
        name = f"{row.scope} {row.target}".strip() if row else f"multiplier {factor.id}"
        named.append((name, Decimal(factor.ppm) / pricing.PPM))
    return tuple(named)


def _note(event: UsageEvent, computed: int, *, folded: bool) -> str:
    if event.rev:
        return "A correction: its counts and its charge are differences to the revision before."
    if computed == event.cost:
        return "Classes without a rate of their own were charged as plain tokens." if folded else ""
    if event.cost == 0:
        return "Nothing was charged: no output, no charge."
    return "The charge differs from what these parts make. Run manage.py audit."
