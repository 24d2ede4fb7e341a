"""Which plans a workspace is shown as those it can have, and which of them it can buy by card."""

from dataclasses import dataclass

from accounts.models import Workspace
from billing.models import Subscription
from billing.payments import keys
from catalog import plans
from catalog.models import Model, PlanVersion
from kernel import clock, money

from . import book, comparing

__all__ = ["Offer", "for_sale", "of"]


@dataclass(frozen=True)
class Offer:
    """A plan as it is offered now: in words what it costs and brings, and whether it is had or can be bought."""

    terms: PlanVersion
    price: str
    credits: str
    models: int
    present: bool
    buyable: bool


def of(workspace: Workspace) -> list[Offer]:
    """Return the plans that a workspace can have, the lowest first; its own stands among them as it has it."""
    present = workspace.plan_version
    names = list(Model.objects.filter(active=True).values_list("public_id", "tier"))
    open_to = _may_buy(workspace)
    shown = {terms.plan_id: terms for terms in _offered(workspace)} | {present.plan_id: present}
    return [
        Offer(
            terms,
            comparing.price(terms),
            comparing.brings(terms),
            sum(terms.allows(*name) for name in names),
            present=terms.plan_id == present.plan_id,
            buyable=open_to and _has_a_price(terms) and terms != present,
        )
        for terms in sorted(shown.values(), key=lambda each: each.plan.rank)
    ]


def for_sale(workspace: Workspace, terms_id: int) -> PlanVersion | None:
    """Return terms that a workspace can buy now, or None: they are of another's plan, old, free, or it pays already."""
    if not _may_buy(workspace):
        return None
    found = next((terms for terms in _offered(workspace) if terms.pk == terms_id), None)
    return found if found is not None and found != workspace.plan_version and _has_a_price(found) else None


def _may_buy(workspace: Workspace) -> bool:
    row = book.active(workspace.pk)
    return keys.are_set_up() and (row is None or row.source != Subscription.Source.STRIPE)


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
