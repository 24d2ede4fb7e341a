"""Where a list differs from the catalogue: one finding for each difference, with both sides of it; nothing is written."""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from catalog.models import Model, PriceVersion, Proposal

from . import figures
from .figures import PPM, Move, Rates
from .listing import Entry, Listing
from .standing import Place

__all__ = ["Finding", "Key", "findings", "uncarried"]

Kind = Proposal.Kind
Key = tuple[str, str, int | None]
_HUNDREDTH = PPM // 100


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference: of which model, what stands and what is said, and whether it takes two people.

    `figure` tells what is said apart from anything else that could be said there.
    """

    kind: str
    upstream_model: str
    model: Model | None
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    figure: str
    evidence: Mapping[str, str]
    move_ppm: int | None = None
    needs_two: bool = False
    cost_before: PriceVersion | None = None
    sell_before: PriceVersion | None = None

    @property
    def key(self) -> Key:
        """What it is about: kind, name there, and model of ours."""
        return self.kind, self.upstream_model, self.model.pk if self.model is not None else None


def findings(
    places: Sequence[Place], listing: Listing, *, new: Collection[str], gone: Collection[str]
) -> Iterator[Finding]:
    """Return where a list differs from the catalogue. `new` and `gone` are ids that came to it and went from it."""
    names = {place.upstream_model for place in places}
    known = names | {listing.known_as.get(name, name) for name in names}
    for key in sorted(set(new) - known):
        yield _new(listing.entries[key])
    for place in places:
        entry = listing.find(place.upstream_model)
        if entry is not None:
            yield from _cost(place, entry)
            yield from _context(place, entry)
        elif place.upstream_model in gone:
            yield Finding(
                Kind.GONE, place.upstream_model, place.model, {"listed": True}, {"listed": False}, "", {}
            )


def uncarried(places: Sequence[Place], listing: Listing) -> list[tuple[str, str]]:
    """Return which models of ours are listed with a price that cannot be carried, and why not."""
    entries = ((place, listing.find(place.upstream_model)) for place in places)
    return [
        (place.model.public_id, entry.refusal)
        for place, entry in entries
        if entry is not None and entry.refusal
    ]


def _new(entry: Entry) -> Finding:
    after: dict[str, Any] = {"name": entry.name, "context": entry.context, "max_output": entry.max_output}
    if entry.tariff is not None:
        after["rates"] = figures.written(entry.tariff.over(None))
    evidence = {**entry.evidence, **({"refused": entry.refusal} if entry.refusal else {})}
    return Finding(Kind.NEW, entry.id, None, {}, after, "", evidence)


def _cost(place: Place, entry: Entry) -> Iterator[Finding]:
    """Return the differences of what a place costs us, and of what its costs lack at the sell price."""
    if entry.tariff is None:
        return
    ours: Rates = place.cost.rates if place.cost is not None else {}
    whole = entry.tariff.over(ours or None)
    if figures.moves(ours, whole, entry.tariff.stated):
        moved = figures.moves(ours, whole)
        yield Finding(
            Kind.COST,
            place.upstream_model,
            place.model,
            {"rates": figures.written(ours)},
            {"rates": figures.written(whole)},
            _mark(figures.written(entry.tariff.stated)),
            entry.evidence,
            figures.largest(moved) if ours else None,
            bool(ours) and _jumps(moved),
            place.cost.version if place.cost is not None else None,
            place.sell.version if place.sell is not None else None,
        )
    if place.sell is not None:
        yield from _unpriced(place, entry, place.sell.rates, entry.tariff.stated)


def _unpriced(place: Place, entry: Entry, sell: Rates, cost: Rates) -> Iterator[Finding]:
    # What costs as much as plain tokens is sold as plain tokens, and lacks nothing.
    lacking = [
        name
        for name, steps in cost.items()
        if name not in sell
        and any(rate for _, rate in steps)
        and steps != cost.get(figures.plain_class(name) or "")
    ]
    if not lacking or place.sell is None:
        return
    made = {name: figures.priced_alike(cost, sell, name) for name in lacking}
    moved = figures.moves(sell, {**sell, **made}, lacking)
    costs = figures.written({name: cost[name] for name in lacking})
    yield Finding(
        Kind.UNPRICED,
        place.upstream_model,
        place.model,
        {"rates": figures.written(sell)},
        {"rates": figures.written({**sell, **made}), "classes": lacking, "cost": costs},
        _mark(costs),
        entry.evidence,
        figures.largest(moved),
        _jumps(moved),
        None,
        place.sell.version,
    )


def _context(place: Place, entry: Entry) -> Iterator[Finding]:
    if entry.context is None or entry.context == place.model.context_length:
        return
    before = {"context": place.model.context_length, "max_output": place.model.max_output_tokens}
    # An answer is never longer than what holds it.
    after = {"context": entry.context, "max_output": min(entry.context, place.model.max_output_tokens)}
    move = (entry.context - place.model.context_length) * PPM // place.model.context_length
    yield Finding(
        Kind.CONTEXT,
        place.upstream_model,
        place.model,
        before,
        after,
        str(entry.context),
        entry.evidence,
        move,
    )


def _jumps(moved: Sequence[Move]) -> bool:
    """Tell whether a move is so large that one person alone does not decide it."""
    limit = settings.PROPOSAL_JUMP_PERCENT * _HUNDREDTH
    return any(move.ppm is None or abs(move.ppm) > limit for move in moved)


def _mark(said: Any) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
