"""Which plans a workspace is shown as those it can have, and how it comes to each by itself."""

from dataclasses import dataclass
from enum import StrEnum

from accounts.models import Workspace
from billing.models import Subscription
from billing.payments import keys
from catalog import plans
from catalog.models import Model, PlanVersion
from kernel import clock, money

from . import book, comparing

__all__ = ["Offer", "Way", "named", "of"]


class Way(StrEnum):
    """How a workspace comes to a plan by itself."""

    NONE = ""
    BUY = "buy"  # at Stripe
    TAKE = "take"  # it costs and brings nothing
    KEEP = "keep"  # it has it, and would leave it at the end of the period


@dataclass(frozen=True)
class Offer:
    """A plan as it is offered now: in words what it costs and brings, whether it is had, and how it can be."""

    terms: PlanVersion
    price: str
    credits: str
    models: int
    present: bool
    way: Way


def of(workspace: Workspace) -> list[Offer]:
    """Return the plans that a workspace can have, the lowest first; its own stands among them as it has it."""
    present, row = workspace.plan_version, book.active(workspace.pk)
    names = list(Model.objects.filter(active=True).values_list("public_id", "tier"))
    shown = {terms.plan_id: terms for terms in _offered(workspace)} | {present.plan_id: present}
    return [
        Offer(
            terms,
            comparing.price(terms),
            comparing.brings(terms),
            sum(terms.allows(*name) for name in names),
            present=terms == present,
            way=_way(terms, present, row),
        )
        for terms in sorted(shown.values(), key=lambda each: each.plan.rank)
    ]


def named(workspace: Workspace, terms_id: int) -> Offer | None:
    """Return what a workspace is offered under the number of its terms, if there is a way to it."""
    return next((offer for offer in of(workspace) if offer.terms.pk == terms_id and offer.way), None)


def _way(terms: PlanVersion, present: PlanVersion, row: Subscription | None) -> Way:
    if row is not None and row.source == Subscription.Source.STRIPE:
        return Way.NONE
    if terms == present:
        return Way.KEEP if row is not None and row.next_plan_version is not None else Way.NONE
    if not terms.is_paid_for:
        return Way.TAKE
    return Way.BUY if keys.are_set_up() and _has_a_price(terms) else Way.NONE


def _offered(workspace: Workspace) -> list[PlanVersion]:
    own = PlanVersion.objects.filter(plan__only_for=workspace.pk, published_at__lte=clock.now())
    return [
        *plans.on_offer().filter(plan__public=True),
        *own.select_related("plan").order_by("-version")[:1],
    ]


def _has_a_price(terms: PlanVersion) -> bool:
    """Tell whether Stripe can take it: something each period, in whole cents."""
    periodic = terms.period in (PlanVersion.Period.MONTH, PlanVersion.Period.WEEK)
    return periodic and terms.price_nano > 0 and terms.price_nano % money.NANO_PER_CENT == 0
