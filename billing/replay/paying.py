"""What a workspace would have paid for 30 days on terms: the plan's price, and the usage that its credits do not cover."""

from dataclasses import dataclass

from django.db.models import Q

from catalog.models import Multiplier, PlanVersion, Scope
from kernel import clock, money

__all__ = ["Tariff", "tariff"]

_ONE = 10**6
_DAYS_OF = {PlanVersion.Period.MONTH: 30, PlanVersion.Period.WEEK: 7}


@dataclass(frozen=True, slots=True)
class Tariff:
    """What terms come to in 30 days: price and credits in nano-USD, and the plan's factor on list prices (ppm)."""

    price: int
    credits: int
    factor: int

    def usage(self, charged: int, *, before: "Tariff") -> int:
        """Return what usage that was charged so much, in nano-USD, at the tariff before would be charged at this one."""
        return money.half_up(charged * self.factor, before.factor) if before.factor else charged

    def pays(self, usage: int) -> int:
        """Return what is paid for that much usage in nano-USD, the plan's price with it."""
        return self.price + max(0, usage - self.credits)


def tariff(terms: PlanVersion) -> Tariff:
    """Return what terms come to in 30 days, at the multiplier that is in force on their plan now.

    A month counts as 30 days, a week as seven; what is paid or granted once, in no period, is left out.
    """
    length = _DAYS_OF.get(PlanVersion.Period(terms.period))
    if length is None:
        return Tariff(0, 0, _factor(terms))
    return Tariff(terms.price_nano * 30 // length, terms.credits_nano * 30 // length, _factor(terms))


def _factor(terms: PlanVersion) -> int:
    moment = clock.now()
    rows = Multiplier.objects.filter(scope=Scope.PLAN, target=terms.plan.slug, valid_from__lte=moment)
    rows = rows.filter(Q(valid_until=None) | Q(valid_until__gt=moment)).order_by("-valid_from")
    return rows.values_list("factor_ppm", flat=True).first() or _ONE
