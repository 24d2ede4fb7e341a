"""What Celery does for papers; its messages carry no data."""

from celery import shared_task

from kernel import clock

from . import sweeps

__all__ = ["issue_papers"]

_SECONDS = 40.0


@shared_task(name="billing.issue_papers")
def issue_papers() -> int:
    """Issue the receipts, credit notes and monthly statements that are missing; return how many."""
    return sweeps.for_payments() + sweeps.for_months(clock.now(), seconds=_SECONDS)
