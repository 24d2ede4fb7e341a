"""Requests that were charged at some price, to be re-priced."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from billing.models import Reprice
from billing.repricing import drafts
from billing.repricing.dry_run import measure
from billing.repricing.terms import Terms
from billing.sums import COUNTS
from catalog import pricing
from catalog.models import Model, PriceVersion, Rate
from catalog.pricing import Counts, Factor, RateCard
from kernel import clock, ids
from tests.billing import rows

# A span of its own in each test would need as many days: models keep tests apart.
BEGINS = (clock.now() - timedelta(days=2)).replace(hour=0, minute=0, second=0, microsecond=0)
ENDS = BEGINS + timedelta(days=1)
WRITER = 1
Steps = Mapping[str, tuple[tuple[int, int], ...]]


def flat(**rates: int) -> Steps:
    return {name: ((0, micro),) for name, micro in rates.items()}


@transaction.atomic
def version(model_id: int, rates: Steps) -> RateCard:
    """Save a further sell price of a model and return its card."""
    row = PriceVersion.objects.create(
        model_id=model_id, valid_from=datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=ids.request_id().int % 10**8), source="test"
    )  # fmt: skip
    for name, steps in rates.items():
        for above, micro in steps:
            Rate.objects.create(price_version=row, token_class=name, min_prompt_tokens=above, micro_usd_per_million=micro)  # fmt: skip
    return RateCard(row.pk, dict(rates))


def model(rates: Steps) -> tuple[int, RateCard]:
    """Save a model with a sell price."""
    name = f"sandbox/{ids.request_id()}"
    row = Model.objects.create(
        public_id=name,
        name=name,
        author="sandbox",
        tier="lite",
        context_length=1000,
        max_output_tokens=100,
        created_at=clock.now(),
    )
    return row.pk, version(row.pk, rates)


def sell(
    workspace: int,
    model_id: int,
    card: RateCard,
    counts: Counts,
    factors: tuple[Factor, ...] = (),
    *,
    at: datetime | None = None,
    **columns: Any,
) -> UUID:
    """Settle a request of a model at a price, as it was charged then."""
    moment = at or BEGINS + timedelta(hours=1)
    request = UUID(
        int=(int(moment.timestamp() * 1000) << 80) | ((ids.request_id().int & ((1 << 80) - 1)) & ~0xFF)
    )
    folded, suspect = pricing.fold(card, counts)
    return rows.settle(
        workspace,
        **{
            "request_id": request,
            "cost": pricing.cost(card, folded, factors),
            "model_id": model_id,
            "price_version_id": card.version_id,
            "multipliers": pricing.factors_text(factors),
            "minute_no": int(moment.timestamp() // 60),
            "admitted_at": moment,
            "suspect": suspect,
            **{column: getattr(folded, name) for column, name in zip(COUNTS, pricing.CLASSES, strict=True)},
            **columns,
        },
    )


def terms(*models: int, **how: Any) -> Terms:
    """Return terms over the span of these tests."""
    return Terms(**{"models": models, "begins": BEGINS, "ends": ENDS, **how})


def saved(*costs: tuple[int, int], by: int = WRITER) -> tuple[Reprice, list[int]]:
    """Save a re-pricing of a workspace each that was charged so many nano-USD and should have been charged others."""
    of, old = model(flat(input=1_000))
    new = version(of, flat(input=1_000, output=1_000_000))
    workspaces = []
    for charged, right in costs:
        workspaces.append(rows.workspace())
        # 1 input token costs a nano; what should have been is in output tokens at a thousand each.
        counts = Counts(input=right % 1000, output=right // 1000)
        sell(workspaces[-1], of, new, counts, cost=charged, price_version_id=old.version_id)
    return drafts.save(measure(terms(of, price_version_id=new.version_id)), reason="test", by=by), workspaces
