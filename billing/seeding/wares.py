"""What made-up requests ask for: the models on sale, each with its hops, its price and the factors everybody pays."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from catalog import price_book
from catalog.models import Hop, Model
from catalog.pricing import Factor, RateCard

__all__ = ["Place", "Ware", "on_sale"]

_NEEDED = {"input", "output"}


@dataclass(frozen=True, slots=True)
class Place:
    """One hop of a chain, and what it charges us, if that is known."""

    provider_id: int
    endpoint_id: int
    upstream_model: str
    cost: RateCard | None


@dataclass(frozen=True, slots=True)
class Ware:
    """A model with a live chain and a price."""

    model_id: int
    public_id: str
    chain_id: int
    longest: int
    card: RateCard
    factors: tuple[Factor, ...]
    places: tuple[Place, ...]


def on_sale(now: datetime) -> list[Ware]:
    """Return the chat models that can be asked now, by id; nobody works with the sandbox's own."""
    models = list(
        Model.objects.filter(active=True, capability="chat", chains__status="live")
        .exclude(public_id__startswith=Model.SANDBOX)
        .order_by("public_id")
    )
    prices = price_book.prices_of([model.pk for model in models])
    factors = price_book.factors_on(models, now)
    hops = _hops()
    wares = []
    for model in models:
        payees = prices.get(model.pk, {})
        version = payees[None].at(now) if None in payees else None
        places = hops.get(model.pk, [])
        if version is None or not places or not version.card.rates.keys() >= _NEEDED:
            continue
        known = {payee: found.card for payee, times in payees.items() if (found := times.at(now)) is not None}
        wares.append(
            Ware(
                model_id=model.pk,
                public_id=model.public_id,
                chain_id=places[0].chain_id,
                longest=model.max_output_tokens or 4096,
                card=version.card,
                factors=tuple(factors[model.pk]),
                places=tuple(_place(hop, known) for hop in places),
            )
        )
    return wares


def _hops() -> Mapping[int, list[Hop]]:
    found: dict[int, list[Hop]] = {}
    live = Hop.objects.filter(chain__status="live").select_related("chain", "endpoint")
    for hop in live.order_by("chain_id", "position"):
        found.setdefault(hop.chain.model_id, []).append(hop)
    return found


def _place(hop: Hop, known: Mapping[int | None, RateCard]) -> Place:
    provider = hop.endpoint.provider_id
    return Place(provider, hop.endpoint_id, hop.upstream_model, known.get(provider))
