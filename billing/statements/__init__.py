"""What a workspace has spent and has left, and how long that lasts: rolled sums plus what is not yet posted."""

from .days import DailyRow, Totals, daily, spend_today, totals
from .latest import RecentRow, recent
from .standing import Balance, Limits, Meter, balance, limits

__all__ = [
    "Balance",
    "DailyRow",
    "Limits",
    "Meter",
    "RecentRow",
    "Totals",
    "balance",
    "daily",
    "limits",
    "recent",
    "spend_today",
    "totals",
]
