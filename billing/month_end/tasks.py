"""What Celery does for months: counts those that are due, so that no page has to."""

from celery import shared_task

from billing import present

from . import sweeps

__all__ = ["count_asked_months", "count_months"]

_SECONDS = 40.0
_LONG, _LONGEST = 290, 300  # seconds; the month that is begun last may take four queries of a minute


@shared_task(name="billing.count_months", soft_time_limit=_LONG, time_limit=_LONGEST)
def count_months() -> int:
    """Count months whose figures are old, for about 40 s; return how many."""
    return sweeps.count_due(present.now(), seconds=_SECONDS)


@shared_task(name="billing.count_asked_months", soft_time_limit=_LONG, time_limit=_LONGEST)
def count_asked_months() -> int:
    """Count months that somebody asked for, for about 40 s; return how many."""
    return sweeps.count_asked(present.now(), seconds=_SECONDS)
