"""What a workspace has spent and has left, and how long that lasts: rolled sums plus what is not yet posted."""

from .cuts import Cut, Span, Step, Uncuttable, cut, zone_of
from .days import DailyRow, Totals, daily, spend_today, totals
from .latest import RecentRow, recent
from .outlook import Month, cap_met, month, months, run_out
from .pace import Range
from .runway import Lapse, Runway
from .several import MOST
from .sources import Only
from .spend import MOST_MEMBERS, Group, Measures, Period, Series, Spend, spend, spend_in
from .standing import Balance, Limits, Meter, balance, limits

__all__ = [
    "MOST",
    "MOST_MEMBERS",
    "Balance",
    "Cut",
    "DailyRow",
    "Group",
    "Lapse",
    "Limits",
    "Measures",
    "Meter",
    "Month",
    "Only",
    "Period",
    "Range",
    "RecentRow",
    "Runway",
    "Series",
    "Span",
    "Spend",
    "Step",
    "Totals",
    "Uncuttable",
    "balance",
    "cap_met",
    "cut",
    "daily",
    "limits",
    "month",
    "months",
    "recent",
    "run_out",
    "spend",
    "spend_in",
    "spend_today",
    "totals",
    "zone_of",
]
