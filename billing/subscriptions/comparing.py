"""What changes for whoever goes from one set of terms to another: money, caps, and models that come or go."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from billing import reach
from catalog.models import Model, PlanVersion
from kernel import money

__all__ = ["Comparison", "Difference", "brings", "compare", "price"]

_MOST_NAMES = 50


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs, in words."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that differs; of models at most 50 names, with the full counts beside."""

    differences: tuple[Difference, ...]
    lost: tuple[str, ...]
    gained: tuple[str, ...]
    lost_count: int
    gained_count: int


def compare(before: PlanVersion, after: PlanVersion) -> Comparison:
    """Return what changes from one set of terms to another; models are those that are active now."""
    models = list(Model.objects.filter(active=True).order_by("public_id").values_list("public_id", "tier"))
    had = {name for name, tier in models if before.allows(name, tier)}
    has = {name for name, tier in models if after.allows(name, tier)}
    lost, gained = sorted(had - has), sorted(has - had)
    return Comparison(
        tuple(_differences(before, after)),
        tuple(lost[:_MOST_NAMES]),
        tuple(gained[:_MOST_NAMES]),
        len(lost),
        len(gained),
    )


def price(terms: PlanVersion) -> str:
    """Return the price of terms in words: $20.00 a month."""
    return _per_period(terms, terms.price_nano)


def brings(terms: PlanVersion) -> str:
    """Return the credits of terms in words: $25.00 a month."""
    return _per_period(terms, terms.credits_nano)


def _differences(before: PlanVersion, after: PlanVersion) -> Iterator[Difference]:
    for name, told in _TOLD:
        was, becomes = told(before), told(after)
        if was != becomes:
            yield Difference(name, was, becomes)


def _per_period(terms: PlanVersion, nano: int) -> str:
    if not nano:
        return "nothing"
    once = terms.period == PlanVersion.Period.NONE
    return f"${money.show(nano, decimals=2)} {'once' if once else f'a {terms.period}'}"


def _cap(column: str) -> Callable[[PlanVersion], str]:
    def told(terms: PlanVersion) -> str:
        cap: int | None = getattr(terms, column)
        return "no cap" if cap is None else f"{cap:,}"

    return told


def _shown_for(terms: PlanVersion) -> str:
    return reach.span(terms.retention_days)


def _plain(column: str) -> Callable[[PlanVersion], str]:
    def told(terms: PlanVersion) -> str:
        values: list[Any] = getattr(terms, column)
        return ", ".join(" ".join(map(str, v)) if isinstance(v, list) else str(v) for v in values) or "none"

    return told


_TOLD: tuple[tuple[str, Callable[[PlanVersion], str]], ...] = (
    ("Price", price),
    ("Credits", brings),
    ("Tiers", _plain("tiers")),
    ("Requests a minute", _cap("minute_cap")),
    ("Requests an hour", _cap("hour_cap")),
    ("Requests a day", _cap("day_cap")),
    ("Streams at once", _cap("stream_cap")),
    ("Output where no limit is asked", _cap("default_max_tokens")),
    ("Request weights", _plain("request_weights")),
    ("Models behind auto", _plain("auto_models")),
    ("Requests are shown for", _shown_for),
)
