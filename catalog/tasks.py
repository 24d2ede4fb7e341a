"""What Celery does for the catalogue: it finds its work in the rows, so a message lost or doubled is nothing."""

from celery import shared_task

from kernel import clock

from . import chains

__all__ = ["publish_due"]


@shared_task(name="catalog.publish_due")
def publish_due() -> int:
    """Publish the chains whose moment has come; return how many went live."""
    return chains.publish_due(clock.now()).published
