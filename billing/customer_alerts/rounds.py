"""One round of all customers' alerts, made every minute: what is met anew is told, what has eased may be told again."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, connection, transaction

from accounts.models import Workspace
from billing import statements
from billing.models import CustomerAlert

from . import balances, episodes, failures, firings, key_limits, month_spend
from .kinds import EASED_MINUTES, Of
from .meeting import Find

__all__ = ["make"]

_AT_ONCE = statements.MOST
_READING_SECONDS = 5
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Measure:
    """Kinds that are read together; `eases_after` is of those that go by no calendar."""

    kinds: tuple[Of, ...]
    find: Find
    eases_after: timedelta | None = None


_MEASURES = (
    _Measure((Of.BALANCE,), balances.find, eases_after=timedelta(0)),
    _Measure((Of.KEY,), key_limits.find),
    _Measure((Of.ERRORS,), failures.find, eases_after=timedelta(minutes=EASED_MINUTES)),
    _Measure((Of.SPEND, Of.FORECAST), month_spend.find),
)


def make(now: datetime, *, seconds: float) -> int:
    """Look at every alert that is on, for about so many seconds; return how many were met anew.

    Two processes at once tell nothing twice. What could not be read is neither met nor eased.
    """
    until = time.monotonic() + seconds
    return sum(_look(measure, now, until) for measure in _MEASURES)


def _look(measure: _Measure, now: datetime, until: float) -> int:
    anew, last = 0, 0
    while time.monotonic() < until:
        batch = _after(measure, last)
        if not batch:
            return anew
        anew += _settle(measure, batch, now)
        last = batch[-1].pk
    log.warning("alerts of customers were not looked at", kinds=measure.kinds, after=last)
    return anew


def _after(measure: _Measure, last: int) -> Sequence[CustomerAlert]:
    looked_at = CustomerAlert.objects.filter(
        kind__in=measure.kinds, active=True, removed_at=None, pk__gt=last
    ).exclude(workspace__status=Workspace.Status.CLOSED)
    return list(looked_at.select_related("workspace").order_by("pk")[:_AT_ONCE])


def _settle(measure: _Measure, batch: Sequence[CustomerAlert], now: datetime) -> int:
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = '{_READING_SECONDS}s'")
            met = measure.find(batch, now)
    except DatabaseError as error:
        log.warning("alerts of customers were not read", kinds=measure.kinds, error=str(error))
        return 0
    with transaction.atomic():
        anew = firings.begin(met, now)
        if measure.eases_after is not None:
            holding = {each.alert.pk for each in met}
            episodes.ease(batch, holding, now, after=measure.eases_after)
    return anew
