"""What Celery does for the catalogue: it finds its work in the rows, so a message lost or doubled is nothing."""

from celery import shared_task

from kernel import clock

from . import chains
from .proposals import comparisons

__all__ = ["compare_daily", "publish_due"]


@shared_task(name="catalog.compare_daily")
def compare_daily() -> int:
    """Compare costs with genai-prices, which calls nobody; return how many providers it knows."""
    return comparisons.compare_daily()


@shared_task(name="catalog.publish_due")
def publish_due() -> int:
    """Publish the chains whose moment has come; return how many went live."""
    return chains.publish_due(clock.now()).published
