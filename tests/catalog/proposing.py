"""Models that a provider serves at a cost, and lists that say something else of them."""

import secrets
from datetime import timedelta
from typing import Any

from django.contrib.admin.models import LogEntry
from django.db import transaction

from accounts.models import User
from catalog.models import Comparison, Model, PriceVersion, Proposal, Provider, Rate, Source
from catalog.proposals.figures import Rates
from catalog.proposals.listing import Entry, Listing, Tariff
from catalog.proposals.reconciling import Report, reconcile
from kernel import clock
from tests.fakes import chained

USD = 1_000_000  # a dollar per million tokens, in micro-USD per million
COST = {"input": 2 * USD, "output": 8 * USD}
SELL = {"input": 3 * USD, "output": 12 * USD}
HUNDREDFOLD = {"input": 200 * USD, "output": 800 * USD}


def served(
    name: str = "there-1",
    *,
    cost: dict[str, int] | None = COST,
    sell: dict[str, int] | None = SELL,
    provider: Provider | None = None,
    **facts: Any,
) -> tuple[Model, Provider]:
    """Save a model whose live chain leads to a provider, at a cost and a sell price."""
    model = chained.model(priced=False, **facts)
    endpoint = provider.endpoints.get() if provider is not None else chained.endpoint()
    chained.live(model, chained.hop(endpoint, upstream_model=name))
    if cost is not None:
        price(model, endpoint.provider, cost)
    if sell is not None:
        price(model, None, sell)
    return model, endpoint.provider


def price(model: Model, provider: Provider | None, rates: dict[str, int], *, age_s: int = 60) -> PriceVersion:
    """Save a price version that has been in force for so many seconds; `class>tokens` is a step."""
    with transaction.atomic():
        since = clock.now() - timedelta(seconds=age_s)
        version = PriceVersion.objects.create(model=model, provider=provider, valid_from=since, source="test")
        for key, amount in rates.items():
            name, _, above = key.partition(">")
            Rate.objects.create(
                price_version=version,
                token_class=name,
                min_prompt_tokens=int(above or 0),
                micro_usd_per_million=amount,
            )
    return version


def entry(name: str = "there-1", *, context: int | None = None, refusal: str = "", **rates: int) -> Entry:
    """Return what a list says of one model."""
    tariff = Tariff(flat(rates)) if rates else None
    return Entry(name, context=context, tariff=tariff, refusal=refusal, evidence={"source": "a list"})


def flat(rates: dict[str, int]) -> Rates:
    return {name: ((0, amount),) for name, amount in rates.items()}


def listing(*entries: Entry) -> Listing:
    return Listing({each.id: each for each in entries})


def compare(provider: Provider, *entries: Entry, source: Source = Source.GENAI, **how: Any) -> Report:
    """Compare a provider with a list of these models."""
    comparison = Comparison.objects.create(provider=provider, source=source, asked_by="test")
    return reconcile(comparison, listing(*entries), **how)


def proposed(provider: Provider, *entries: Entry) -> Proposal:
    """Compare, and return the one proposal that comes of it."""
    (proposal,) = compare(provider, *entries).raised
    return proposal


def person() -> int:
    """Save an operator and return their id."""
    return User.objects.create_superuser(f"{secrets.token_hex(6)}@example.com").pk


def rates_of(version: PriceVersion | None) -> dict[str, int]:
    """Return a version's rates; `class>tokens` is a step."""
    rows = Rate.objects.filter(price_version=version).order_by("token_class", "min_prompt_tokens")
    return {
        row.token_class
        + (f">{row.min_prompt_tokens}" if row.min_prompt_tokens else ""): row.micro_usd_per_million
        for row in rows
    }


def costs(model: Model, provider: Provider) -> list[PriceVersion]:
    """Return the cost versions, oldest first."""
    return list(PriceVersion.objects.filter(model=model, provider=provider).order_by("valid_from"))


def sells(model: Model) -> list[PriceVersion]:
    """Return the sell versions, oldest first."""
    return list(PriceVersion.objects.filter(model=model, provider=None).order_by("valid_from"))


def dearer() -> Entry:
    """Return a list's word that what the usual model gives out costs a little more."""
    return entry(input=COST["input"], output=9 * USD)


def hundredfold() -> Entry:
    """Return a list's word that the usual model costs a hundred times as much."""
    return entry(input=HUNDREDFOLD["input"], output=HUNDREDFOLD["output"])


def changes(proposal: Proposal) -> list[tuple[int, str]]:
    """Return what the list of changes has of a proposal: who, and what."""
    rows = LogEntry.objects.filter(object_id=str(proposal.pk), content_type__model="proposal").order_by("pk")
    return [(row.user_id, row.change_message) for row in rows]
