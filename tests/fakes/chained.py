"""Models with chains in every state, for tests of how chains change."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from catalog.models import Chain, Endpoint, Hop, Model, PriceVersion, Provider, Rate
from kernel import clock

__all__ = ["draft", "endpoint", "hop", "hops_of", "live", "model", "price"]


def model(*, priced: bool = True, **facts: Any) -> Model:
    """Save a chat model of the tier max, with a sell price since yesterday unless it is to have none."""
    name = f"route/{secrets.token_hex(6)}"
    made = Model.objects.create(
        **{
            "public_id": name,
            "name": name,
            "author": "test",
            "tier": "max",
            "context_length": 1000,
            "max_output_tokens": 100,
            "output_modalities": ["text"],
            "created_at": clock.now(),
            **facts,
        }
    )
    if priced:
        price(made)
    return made


@transaction.atomic
def price(
    of: Model, *, since: datetime | None = None, classes: tuple[str, ...] = ("input", "output")
) -> None:
    """Save a sell price of 1 micro-USD per million, in force since yesterday if nothing else is said."""
    since = since or clock.now() - timedelta(days=1)
    version = PriceVersion.objects.create(model=of, valid_from=since, source="test")
    for name in classes:
        Rate.objects.create(price_version=version, token_class=name, micro_usd_per_million=1)


def endpoint(
    *, name: str = "House", url: str = "https://house.example/v1", keyless: bool = True, **facts: Any
) -> Endpoint:
    """Save an endpoint of a provider of its own, which needs no key; `facts` are the provider's."""
    provider = Provider.objects.create(slug=f"p-{secrets.token_hex(6)}", name=name, **facts)
    return Endpoint.objects.create(
        provider=provider, name="default", base_url=url, needs_credential=not keyless
    )


def hop(at: Endpoint | None = None, **facts: Any) -> Hop:
    """Return a hop that is not saved, to an endpoint of its own unless one is given."""
    return Hop(endpoint=at or endpoint(), **{"upstream_model": "m", **facts})


def draft(of: Model, *hops: Hop) -> Chain:
    """Save the model's next version as a draft with these hops."""
    return _chain(of, hops, status=Chain.Status.DRAFT)


@transaction.atomic
def live(of: Model, *hops: Hop) -> Chain:
    """Save the model's next version as its live chain, an hour ago; the one before must be retired."""
    at = clock.now() - timedelta(hours=1)
    return _chain(of, hops, status=Chain.Status.LIVE, published_at=at)


def hops_of(chain: Chain) -> list[str]:
    """Return what the model is called at each hop, in order."""
    return list(Hop.objects.filter(chain=chain).order_by("position").values_list("upstream_model", flat=True))


def _chain(of: Model, hops: tuple[Hop, ...], **facts: Any) -> Chain:
    made = Chain.objects.create(model=of, version=Chain.objects.filter(model=of).count() + 1, **facts)
    for position, each in enumerate(hops, start=1):
        each.chain, each.position = made, position
        each.save()
    return made
