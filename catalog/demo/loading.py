"""How the demo's tables become rows: what is missing is added, what is there belongs to the operator."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, time

from django.db import transaction

from catalog.models import (
    Chain,
    Endpoint,
    Hop,
    Model,
    Multiplier,
    Plan,
    PlanVersion,
    PriceVersion,
    Provider,
    Rate,
)
from kernel import money

from . import rows
from .plans import AUTO_MODELS, MULTIPLIERS, PLANS, REQUEST_WEIGHTS
from .providers import PROVIDERS, SANDBOX
from .rows import House, ModelRow, PlanRow

__all__ = ["BEGINNING", "add_models", "add_provider", "load"]

# In the past, so that every price is in force at once, and fixed, so that a second run finds it.
BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)


@transaction.atomic
def load(*, sandbox_url: str) -> int:
    """Add what the catalogue lacks of the demo and return how many models were new.

    `sandbox_url` is the address of the sandbox up to and including /v1. Its port may differ at each start, so
    that address alone is brought up to date; nothing else that exists is touched.
    """
    for plan in PLANS:
        _add_plan(plan)
    for scope, target, factor_ppm, reason in MULTIPLIERS:
        if not Multiplier.objects.filter(scope=scope, target=target).exists():
            Multiplier.objects.create(
                scope=scope, target=target, factor_ppm=factor_ppm, valid_from=BEGINNING, reason=reason
            )
    endpoints = {house.slug: add_provider(house) for house in PROVIDERS}
    _point_sandbox(endpoints[SANDBOX.slug], sandbox_url)
    known = set(Model.objects.values_list("public_id", flat=True))
    new = [row for row in rows.models() if row.public_id not in known]
    add_models(new, endpoints)
    return len(new)


def add_provider(house: House) -> Endpoint:
    """Return the provider's endpoint named "default", made with the provider where they are missing."""
    provider, _ = Provider.objects.get_or_create(
        slug=house.slug,
        defaults={
            "name": house.name,
            "dialect": house.dialect,
            "status_page_url": house.status_page,
            "reasoning": house.reasoning,
            "developer_role": house.developer_role,
            "private": house.private,
        },
    )
    endpoint, _ = Endpoint.objects.get_or_create(
        provider=provider,
        name="default",
        defaults={"base_url": house.base_url, "needs_credential": house.needs_credential},
    )
    return endpoint


def add_models(new: Sequence[ModelRow], endpoints: Mapping[str, Endpoint]) -> None:
    """Save models, each with a live chain and a price; `endpoints` are by the provider's slug."""
    models = Model.objects.bulk_create([_model(row) for row in new])
    chains = Chain.objects.bulk_create(
        [Chain(model=model, version=1, status="live", published_at=BEGINNING) for model in models]
    )
    versions = PriceVersion.objects.bulk_create(
        [PriceVersion(model=model, valid_from=BEGINNING, source=model.source) for model in models]
    )
    pairs = list(zip(new, chains, versions, strict=True))
    Hop.objects.bulk_create([hop for row, chain, _ in pairs for hop in _hops(row, chain, endpoints)])
    Rate.objects.bulk_create([rate for row, _, version in pairs for rate in rows.rates(row.rates, version)])


def _model(row: ModelRow) -> Model:
    return Model(
        public_id=row.public_id,
        aliases=list(row.aliases),
        name=row.name,
        author=row.author,
        description=row.about,
        capability=row.capability,
        tier=row.tier,
        context_length=row.context,
        max_output_tokens=row.output,
        input_modalities=list(row.takes),
        output_modalities=list(row.gives),
        supported_parameters=row.parameters,
        tokenizer=row.tokenizer,
        active=row.active,
        created_at=datetime.combine(row.created, time(), UTC),
        source=row.source,
    )


def _hops(row: ModelRow, chain: Chain, endpoints: Mapping[str, Endpoint]) -> Iterator[Hop]:
    for position, hop in enumerate(row.hops, start=1):
        provider, upstream = hop.split(":", 1)
        yield Hop(chain=chain, position=position, endpoint=endpoints[provider], upstream_model=upstream)


def _add_plan(row: PlanRow) -> None:
    plan, _ = Plan.objects.get_or_create(slug=row.slug, defaults={"name": row.name, "rank": row.rank})
    if plan.versions.exists():
        return
    PlanVersion.objects.create(
        plan=plan,
        version=1,
        published_at=BEGINNING,
        price_nano=money.from_usd(row.usd),
        credits_nano=money.from_usd(row.credits),
        period=row.period,
        tiers=list(row.tiers),
        minute_cap=row.minute,
        hour_cap=row.hour,
        day_cap=row.day,
        stream_cap=row.streams,
        request_weights=REQUEST_WEIGHTS,
        auto_models=list(AUTO_MODELS),
        spill_ceiling_nano=money.from_usd(row.usd) or None,
    )


def _point_sandbox(endpoint: Endpoint, url: str) -> None:
    if endpoint.base_url != url:
        endpoint.base_url = url
        endpoint.save(update_fields=["base_url"])
