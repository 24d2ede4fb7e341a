"""The rows behind each trial: a model of its own, with a hop to the faulty place and, or not, one to a healthy place."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from catalog import credentials
from catalog.models import Chain, Endpoint, EndpointKey, Hop, Model, PriceVersion, Provider, Rate
from kernel import clock
from tests.fakes.cast import RATES

__all__ = ["Offer", "Spot", "providers", "save"]


@dataclass(frozen=True)
class Spot:
    """Where a hop leads: provider, base URL, credential, and how long its first byte and idle time are waited for."""

    provider: str
    base_url: str
    secret: str
    wait_seconds: int


@dataclass(frozen=True)
class Offer:
    """A model's public id, its hops, and whether it makes pictures besides text."""

    model: str
    spots: Sequence[Spot]
    pictures: bool


def providers(slugs: Sequence[str]) -> None:
    """Save providers, to be named in offers."""
    Provider.objects.bulk_create([Provider(slug=slug, name=slug, private=True) for slug in slugs])


@transaction.atomic
def save(offers: Sequence[Offer]) -> None:
    """Save these models with chains, prices and endpoints, all at once: the gateway sees all of them or none."""
    now = clock.now()
    models = Model.objects.bulk_create([_model(offer) for offer in offers])
    chains = Chain.objects.bulk_create(
        [Chain(model=row, version=1, status=Chain.Status.LIVE, published_at=now) for row in models]
    )
    known = {provider.slug: provider for provider in Provider.objects.all()}
    places = [
        (chain, position, _endpoint(known[spot.provider], spot), spot.secret)
        for chain, offer in zip(chains, offers, strict=True)
        for position, spot in enumerate(offer.spots)
    ]
    Endpoint.objects.bulk_create([endpoint for _, _, endpoint, _ in places])
    EndpointKey.objects.bulk_create(
        [
            EndpointKey(endpoint=endpoint, name="default", sealed=credentials.encrypt(secret))
            for _, _, endpoint, secret in places
        ]
    )
    Hop.objects.bulk_create(
        [
            Hop(chain=chain, position=position, endpoint=endpoint, upstream_model="m")
            for chain, position, endpoint, _ in places
        ]
    )
    prices = PriceVersion.objects.bulk_create(
        [PriceVersion(model=row, valid_from=now, source="test") for row in models]
    )
    Rate.objects.bulk_create(
        [
            Rate(price_version=price, token_class=token_class, micro_usd_per_million=rate)
            for price in prices
            for token_class, rate in RATES.items()
        ]
    )


def _model(offer: Offer) -> Model:
    return Model(
        public_id=offer.model,
        name=offer.model,
        author="test",
        tier="free",
        context_length=131_072,
        max_output_tokens=8_192,
        input_modalities=["text"],
        output_modalities=["text", "image"] if offer.pictures else ["text"],
        created_at=clock.now(),
    )


def _endpoint(provider: Provider, spot: Spot) -> Endpoint:
    return Endpoint(
        provider=provider,
        name=secrets.token_hex(6),
        base_url=spot.base_url,
        connect_seconds=spot.wait_seconds,
        first_byte_seconds=spot.wait_seconds,
        idle_seconds=spot.wait_seconds,
        total_seconds=2 * spot.wait_seconds,
    )
