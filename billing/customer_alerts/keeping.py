"""How long what was told is kept, and what goes with a workspace."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import CharField, F, Q, QuerySet
from django.db.models.functions import Cast

from billing.models import CustomerAlert, CustomerDelivery, CustomerEndpoint, CustomerFiring

from .kinds import Of

__all__ = ["DAYS", "erase", "forget"]

DAYS = 90
_AT_ONCE = 10_000


@transaction.atomic
def forget(now: datetime) -> int:
    """Delete what is older than DAYS, at most 10,000 rows of each kind; return how many messages.

    A firing stays as long as its cycle goes on: it is what keeps the same thing from being told again.
    """
    before = now - timedelta(days=DAYS)
    gone = _delete(CustomerDelivery.objects.filter(made_at__lt=before))
    old = CustomerFiring.objects.filter(fired_at__lt=before, deliveries=None)
    _delete(old.annotate(present=Cast("alert__episode", CharField())).filter(_over()))
    _delete(CustomerAlert.objects.filter(removed_at__lt=before, firings=None))
    _delete(CustomerEndpoint.objects.filter(removed_at__lt=before, deliveries=None))
    return gone


def erase(workspace_id: int) -> None:
    """Delete all of a workspace, in the caller's transaction."""
    for model in (CustomerDelivery, CustomerFiring, CustomerAlert, CustomerEndpoint):
        model.objects.filter(workspace_id=workspace_id).delete()


def _over() -> Q:
    by_month = Q(alert__kind__in=[Of.SPEND, Of.FORECAST])
    of_window = Q(alert__kind=Of.KEY) & ~Q(cycle__startswith="none:")
    episode = Q(alert__kind__in=[Of.ERRORS, Of.BALANCE]) & ~Q(cycle=F("present"))
    return Q(alert__removed_at__isnull=False) | by_month | of_window | episode


def _delete(rows: QuerySet[Any]) -> int:
    some = list(rows.values_list("pk", flat=True)[:_AT_ONCE])
    number: int = rows.model._default_manager.filter(pk__in=some).delete()[0]
    return number
