"""What Celery does for the gateway."""

from celery import shared_task

from accounts import hub_sessions
from kernel import clock

from . import comparing_lists, probing

__all__ = ["check_quiet_providers", "compare_asked", "forget_hub_sessions"]


@shared_task(name="inference.check_quiet_providers")
def check_quiet_providers() -> int:
    """Ask providers that nobody called for five minutes how they are; return how many calls that took."""
    return probing.check_quiet(clock.minute_number())


@shared_task(name="inference.compare_asked")
def compare_asked() -> int:
    """Make the comparisons with providers' lists that operators asked for; return how many."""
    return comparing_lists.compare_asked()


@shared_task(name="inference.forget_hub_sessions")
def forget_hub_sessions() -> int:
    """Erase the talks of the hub whose hour is over; return how many."""
    return hub_sessions.forget()
