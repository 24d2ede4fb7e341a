"""Each time that an alert is met: kept once in a cycle of one subject, and told with it or not at all."""

from collections.abc import Sequence
from datetime import datetime

from billing.models import CustomerFiring
from kernel import ids

from . import deliveries
from .meeting import Met

__all__ = ["begin"]


def begin(met: Sequence[Met], now: datetime) -> int:
    """Keep and tell what was not met before in its cycle, in the caller's transaction; return how many.

    The database refuses a second firing of an alert, cycle and subject, whoever makes it at the same time.
    """
    rows = [_row(each, now) for each in met]
    CustomerFiring.objects.bulk_create(rows, ignore_conflicts=True)
    known = CustomerFiring.objects.filter(pk__in=[row.pk for row in rows])
    anew = list(known.select_related("alert", "workspace").order_by("pk"))
    deliveries.tell(anew, now)
    return len(anew)


def _row(met: Met, now: datetime) -> CustomerFiring:
    return CustomerFiring(
        id=ids.request_id(),
        workspace_id=met.alert.workspace_id,
        alert=met.alert,
        cycle=met.cycle,
        subject=met.subject,
        title=met.title[:200],
        detail=met.detail[:400],
        url=met.url,
        value=met.value,
        fired_at=now,
    )
