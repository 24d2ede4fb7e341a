"""What Celery does for customers' alerts: rounds, the messages that are due, and what is kept no longer."""

from celery import shared_task

from billing import present

from . import deliveries, keeping, rounds

__all__ = ["evaluate_customer_alerts", "forget_customer_alerts", "send_customer_alerts"]

_ROUND_SECONDS = 40.0
_SEND_SECONDS = 5.0  # and what was begun by then: it is ordered every 15 s, and takes one worker at most


@shared_task(name="billing.evaluate_customer_alerts")
def evaluate_customer_alerts() -> int:
    """Look at every alert of customers, for about 40 s; return how many were met anew."""
    return rounds.make(present.now(), seconds=_ROUND_SECONDS)


@shared_task(name="billing.send_customer_alerts")
def send_customer_alerts() -> int:
    """Send what is due, for about 5 s; return how many messages were taken."""
    return deliveries.send_due(_SEND_SECONDS)


@shared_task(name="billing.forget_customer_alerts")
def forget_customer_alerts() -> int:
    """Delete what is kept no longer; return how many messages."""
    return keeping.forget(present.now())
