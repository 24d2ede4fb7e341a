"""How a model's list price came to be what it is: each change of a rate or of a factor that is on everybody's price."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from billing import figures
from catalog.models import TokenClass
from catalog.pricing import PPM, RateCard
from catalog.quote import FIELDS, Quote, decimal_text, quote
from catalog.snapshot import DatedFactor
from catalog.timetable import Version

from ..shelf.visible import Listed, Shelf
from .goods import Amount, amount

__all__ = ["MOST", "Change", "Move", "history"]

MOST = 24
"""How many changes are told, the newest first."""
_DECIMALS = 6  # of a factor


@dataclass(frozen=True, slots=True)
class Move:
    """What one price or factor was and is; None where there was none before, or is none since."""

    name: str
    before: Amount | None
    after: Amount | None


@dataclass(frozen=True, slots=True)
class Change:
    """All that changed at one moment. A factor has no unit, a price is in USD; `when` is in the zone of the page."""

    when: str
    what: str
    factor: bool
    moves: tuple[Move, ...]


def history(listed: Listed, shelf: Shelf, zone: ZoneInfo) -> list[Change]:
    """Return what changed until now, the newest first. That a time of day comes round is no change."""
    found = [*_of_prices(listed, shelf), *_of_factors(listed, shelf)]
    begun = sorted(
        (each for each in found if each[0] <= shelf.moment), key=lambda each: each[0], reverse=True
    )
    return [Change(_day(at, zone), what, factor, moves) for at, what, factor, moves in begun[:MOST]]


_Found = tuple[datetime, str, bool, tuple[Move, ...]]


def _of_prices(listed: Listed, shelf: Shelf) -> Iterator[_Found]:
    begun = [pair for pair in listed.offer.prices.dated[::-1] if pair[0] <= shelf.moment]
    first: list[tuple[datetime, Version | None]] = [(shelf.moment, None)]
    for (_, before), (at, after) in itertools.pairwise([*first, *begun]):
        assert after is not None
        moves = _moved(before.card if before else None, after.card)
        if moves:
            kind = after.label or ("New price" if before else "First price")
            yield at, f"{kind}, version {after.card.version_id}", False, moves


def _moved(before: RateCard | None, after: RateCard) -> tuple[Move, ...]:
    """Return what differs between two prices, long prompts apart from short ones."""
    was, now = _told(quote(before, ())) if before else {}, _told(quote(after, ()))
    return tuple(
        Move(name, _amount(was.get(name)), _amount(now.get(name)))
        for name in dict.fromkeys((*now, *was))
        if was.get(name) != now.get(name)
    )


def _told(quoted: Quote) -> dict[str, str]:
    told = {
        TokenClass(name).label: quoted.prices[field]
        for name, field in FIELDS.items()
        if field in quoted.prices
    }
    for step in quoted.steps:
        beyond = f", prompts over {figures.count(step.min_prompt_tokens)}"
        told |= {
            TokenClass(name).label + beyond: step.prices[field]
            for name, field in FIELDS.items()
            if field in step.prices
        }
    return told


def _of_factors(listed: Listed, shelf: Shelf) -> Iterator[_Found]:
    offer = listed.offer
    scopes = {
        ("platform", ""): "Factor on all models",
        ("tier", offer.tier): f"Factor on the tier {offer.tier}",
        ("model", offer.public_id): "Factor on this model",
    }
    for key, words in scopes.items():
        dated = shelf.catalogue.multipliers.get(key, ())
        moments = {each.valid_from for each in dated} | {each.valid_until for each in dated}
        before = PPM
        for at in sorted(moment for moment in moments if moment is not None):
            after = _in_force(dated, at)
            if after != before:
                yield at, words, True, (Move("Factor", _factor(before), _factor(after)),)
            before = after


def _in_force(dated: Sequence[DatedFactor], moment: datetime) -> int:
    return next((each.factor.ppm for each in dated if each.holds(moment)), PPM)


def _factor(ppm: int) -> Amount:
    return amount(decimal_text(ppm, decimals=_DECIMALS), at_least=2)


def _amount(price: str | None) -> Amount | None:
    return amount(price, at_least=2) if price is not None else None


def _day(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{figures.day(local.date(), year=True)} {local:%H:%M}"
