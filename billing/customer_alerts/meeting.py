"""That an alert is met: of what, in which cycle, and how that is told in words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from billing.models import CustomerAlert
from kernel import money

__all__ = ["Find", "Met", "usd"]


@dataclass(frozen=True, slots=True)
class Met:
    """One alert that is met; `value` is in nano-USD, or in thousandths of a percent, `url` a path of the dashboard."""

    alert: CustomerAlert
    cycle: str
    value: int
    title: str
    detail: str
    url: str
    subject: str = ""


Find = Callable[[Sequence[CustomerAlert], datetime], Sequence[Met]]
"""Returns which of some alerts are met at a moment, by a fixed number of statements. Raises DatabaseError."""


def usd(nano: int) -> str:
    """Write an amount as a person would: cents, and what is beyond them only where there is any."""
    whole, _, part = money.show(abs(nano)).partition(".")
    return f"{'−' if nano < 0 else ''}${int(whole):,}.{part[:2]}{part[2:].rstrip('0')}"
