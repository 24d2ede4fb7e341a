"""What a workspace needs for its first request: a key, a model its plan includes, and the call."""

from dataclasses import dataclass

from django.db.models import Case, IntegerField, Q, Value, When

from accounts.models import ApiKey, Workspace
from catalog.models import Capability, Chain, Model, Tier
from kernel import clock

__all__ = ["FirstDay", "callable_model", "first_day"]


@dataclass(frozen=True)
class FirstDay:
    """The first usable key and the first callable chat model, where there are any."""

    key: ApiKey | None
    model: str | None


def first_day(workspace: Workspace) -> FirstDay:
    """Find the key and the model that the first call can be made with."""
    usable = Q(expires_at__isnull=True) | Q(expires_at__gt=clock.now())
    return FirstDay(
        key=workspace.keys.filter(usable, revoked_at__isnull=True).order_by("created_at").first(),
        model=callable_model(workspace),
    )


def callable_model(workspace: Workspace) -> str | None:
    """Return the id of an active chat model of the lowest tier in the plan that has a live chain.

    The sandbox's own models are left to those who look for trouble: many of them answer with errors on purpose.
    """
    shelf = Case(
        *(When(tier=tier, then=Value(place)) for place, tier in enumerate(Tier.values)),
        output_field=IntegerField(),
    )
    terms = workspace.terms
    models = (
        Model.objects.filter(active=True, capability=Capability.CHAT, chains__status=Chain.Status.LIVE)
        .exclude(public_id__startswith=Model.SANDBOX)
        .order_by(shelf, "public_id")
        .values_list("public_id", "tier")
    )
    return next((public_id for public_id, tier in models if terms.allows(public_id, tier)), None)
