"""What Celery does for those who go; its messages carry no data."""

from celery import shared_task

from . import closing

__all__ = ["finish_farewells"]


@shared_task(name="billing.finish_farewells")
def finish_farewells() -> int:
    """Delete the workspaces and people whose day has come; return how many."""
    return closing.finish_due()
