"""Which terms of a plan are the newest, and how the custom plan of one workspace is made."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from kernel import clock

from .models import Multiplier, Plan, PlanVersion, Scope

__all__ = ["COPIED", "custom", "newest", "on_offer", "priced_alike", "without_price"]

COPIED = (
    *("price_nano", "credits_nano", "period", "tiers", "also_models", "except_models"),
    *("minute_cap", "hour_cap", "day_cap", "stream_cap", "default_max_tokens", "request_weights"),
    *("auto_models", "empty_answers_are_free", "retention_days", "spill_ceiling_nano"),
)
"""The columns that a new version takes over from the one before."""
_SLUG_LENGTH = 32


def newest(slug: str) -> PlanVersion | None:
    """Return the newest published terms of a plan, or None if it has none."""
    published = PlanVersion.objects.filter(plan__slug=slug, published_at__lte=clock.now())
    return published.select_related("plan").order_by("-version").first()


def on_offer() -> QuerySet[PlanVersion]:
    """Return the newest published terms of each plan that is for everyone, public or not, by rank."""
    published = PlanVersion.objects.filter(published_at__lte=clock.now(), plan__only_for=None)
    ids = published.order_by("plan_id", "-version").distinct("plan_id").values("pk")
    return PlanVersion.objects.filter(pk__in=ids).select_related("plan").order_by("plan__rank")


def without_price() -> PlanVersion | None:
    """Return the newest terms of the lowest public plan that costs and brings nothing, or None if there is none."""
    free = on_offer().filter(price_nano=0, credits_nano=0, plan__public=True)
    return free.first()


@transaction.atomic
def custom(
    *, workspace_id: int, name: str, slug: str, base: PlanVersion, terms: dict[str, Any]
) -> PlanVersion:
    """Save a new version of the custom plan of one workspace, in force from now: `base`, with `terms` in its place.

    The plan is made at the first time, with the rank of the plan of `base` and a copy of the multipliers on that
    plan, so that prices stay as they were. `name` and `slug` are the workspace's. Raises ValidationError for terms
    that cannot be.
    """
    plan = Plan.objects.select_for_update().filter(only_for=workspace_id).first()
    if plan is None:
        plan = Plan(
            slug=f"custom-{workspace_id}-{slug}"[:_SLUG_LENGTH].rstrip("-"),
            name=f"Custom: {name}"[:64],
            rank=base.plan.rank,
            public=False,
            only_for=workspace_id,
        )
        plan.full_clean()
        plan.save()
        _copy_multipliers(base.plan.slug, plan.slug)
    last = plan.versions.order_by("-version").values_list("version", flat=True).first() or 0
    copied = {column: getattr(base, column) for column in COPIED}
    version = PlanVersion(**{**copied, **terms}, plan=plan, version=last + 1, published_at=clock.now())
    version.full_clean()
    version.save()
    return version


def priced_alike(one: str, other: str) -> bool:
    """Tell whether two plans, by slug, have the same multipliers from now on."""
    moment = clock.now()

    def told(slug: str) -> list[tuple[Any, ...]]:
        return [
            (row.factor_ppm, max(row.valid_from, moment), row.valid_until) for row in _to_come(slug, moment)
        ]

    return told(one) == told(other)


def _copy_multipliers(of: str, to: str) -> None:
    moment = clock.now()
    for row in _to_come(of, moment):
        Multiplier.objects.create(
            scope=Scope.PLAN,
            target=to,
            factor_ppm=row.factor_ppm,
            valid_from=max(row.valid_from, moment),
            valid_until=row.valid_until,
            reason=f"{row.reason} (as on {of})"[:200],
        )


def _to_come(slug: str, moment: datetime) -> list[Multiplier]:
    """Return the multiplier of a plan that is in force at a moment, and those that are to come."""
    standing = Multiplier.objects.filter(Q(valid_until=None) | Q(valid_until__gt=moment), scope=Scope.PLAN)
    rows = list(standing.filter(target=slug).order_by("-valid_from"))
    in_force = next((row for row in rows if row.valid_from <= moment), None)
    return [row for row in rows if row is in_force or row.valid_from > moment]
