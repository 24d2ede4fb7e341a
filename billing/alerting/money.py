"""What alerts measure of the money: the margin of each model, and events of Stripe that did nothing."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection
from django.urls import reverse

from billing import figures
from billing.glance.usage import Measured
from billing.payments.unheard import unheard
from kernel import clock
from kernel.money import NANO_PER_USD

from .reading import Reading

__all__ = ["LEAST_NANO", "margins", "unheard_events"]

LEAST_NANO = NANO_PER_USD
"""A model that brought in less says nothing of its margin."""
_HOUR = timedelta(hours=1)
_MARGINS = """
SELECT m.id, m.public_id, used.requests, used.failed, used.cost, used.provider_cost FROM (
    SELECT model_id, sum(requests)::bigint AS requests, sum(failed)::bigint AS failed, sum(cost)::bigint AS cost,
        sum(provider_cost)::bigint AS provider_cost
    FROM billing_daily_usage WHERE day >= %s GROUP BY 1) used
JOIN catalog_model m ON m.id = used.model_id WHERE used.cost >= %s AND used.provider_cost > 0"""


def margins(now: datetime, level: float) -> Sequence[Reading]:
    """Return the models that leave us that share of their revenue or less, in percent, today and yesterday. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_MARGINS, [clock.utc_day(now) - timedelta(days=1), LEAST_NANO])
        measured = [(number, name, Measured(*sums)) for number, name, *sums in cursor.fetchall()]
    page = reverse("admin:catalog_priceversion_changelist")
    return [
        Reading(
            f"model:{number}",
            100 * each.margin / each.revenue,
            f"{name} leaves {figures.percent(each.margin, each.revenue)}",
            f"{each.requests:,} requests today and yesterday",
            f"{page}?q={name}",
        )
        for number, name, each in measured
        if 100 * each.margin / each.revenue <= level
    ]


def unheard_events(now: datetime, level: float) -> Sequence[Reading]:
    """Return how many events of Stripe of the last hour were refused, or lie untouched. One query."""
    number = unheard(now - _HOUR, now=now)
    if number < max(level, 1):
        return []
    page = f"{reverse('admin:billing_stripeevent_changelist')}"
    said = f"{number:,} event{'s' if number > 1 else ''} of Stripe did nothing"
    return [Reading("stripe", number, said, "refused, or taken and not worked for five minutes", page)]
