"""When an alert that goes by no calendar may be told again: after it has not been met for long enough."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import CharField, Exists, F, OuterRef, QuerySet
from django.db.models.functions import Cast

from billing.models import CustomerAlert, CustomerFiring

__all__ = ["ease", "over"]


def ease(batch: Sequence[CustomerAlert], holding: set[int], now: datetime, *, after: timedelta) -> None:
    """Note which alerts are met no more, and begin the next episode of those for which that has lasted."""
    CustomerAlert.objects.filter(pk__in=holding, eased_at__isnull=False).update(eased_at=None)
    clear = CustomerAlert.objects.filter(pk__in=[each.pk for each in batch if each.pk not in holding])
    clear.filter(_told(), eased_at=None).update(eased_at=now)
    over(clear.filter(eased_at__lte=now - after))


def over(alerts: QuerySet[CustomerAlert]) -> None:
    """Begin the next episode of some alerts: what is met from now on is told anew."""
    alerts.update(episode=F("episode") + 1, eased_at=None)


def _told() -> Exists:
    present = Cast(OuterRef("episode"), CharField())
    return Exists(CustomerFiring.objects.filter(alert=OuterRef("pk"), cycle=present))
