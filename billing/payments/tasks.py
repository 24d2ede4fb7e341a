"""What Celery does for payments: a sweep that finds its work in the rows, so a message lost or doubled is nothing."""

from celery import shared_task

from kernel import clock

from . import recharge, refund_requests

__all__ = ["recharge_due"]


@shared_task(name="billing.recharge_due")
def recharge_due() -> int:
    """Charge saved cards of those below their threshold, and send what Stripe could not be told; return how many."""
    now = clock.now()
    return recharge.sweep(now) + refund_requests.send_again(now)
