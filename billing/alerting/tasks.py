"""What Celery does for alerts: rounds of the rules, and the messages that are due; each finds its work in the rows."""

from celery import shared_task

from billing import present

from . import deliveries, rounds

__all__ = ["evaluate_alerts", "send_alerts"]

_SEND_SECONDS = 40.0


@shared_task(name="billing.evaluate_alerts")
def evaluate_alerts() -> bool:
    """Look at every rule once; return whether this process did."""
    return rounds.make(present.now())


@shared_task(name="billing.send_alerts")
def send_alerts() -> int:
    """Send what is due, for about 40 s; return how many messages were taken."""
    return deliveries.send_due(_SEND_SECONDS)
