"""Whether the sums that a view is made of are what the ledger charged for the same UTC days, asked as of one moment."""

from dataclasses import dataclass
from datetime import date, timedelta

from kernel import clock
from kernel.replica import reading

__all__ = ["Booked", "booked"]

_ASKED_BACK = timedelta(days=62)
"""A workspace is charged up to once a minute: further back than this the nightly audit answers, not a page."""

# Charges are posted after their day has begun; a process whose clock is ahead may be a day early.
_BOOKED = """
SELECT
    (SELECT coalesce(sum(cost), 0)::bigint FROM billing_daily_usage
     WHERE workspace_id = %(workspace)s AND day BETWEEN %(first)s AND %(last)s),
    (SELECT coalesce(-sum(e.amount), 0)::bigint
     FROM billing_ledger_transaction t JOIN billing_ledger_entry e
         ON e.transaction_id = t.id AND e.workspace_id = t.workspace_id AND e.account = 'workspace'
     WHERE t.workspace_id = %(workspace)s AND t.id >= billing_first_id(%(first)s::date - 1)
         AND t.kind = 'usage' AND t.day BETWEEN %(first)s AND %(last)s)
"""


@dataclass(frozen=True, slots=True)
class Booked:
    """What was posted of some UTC days, in nano-USD: by the sums, and by the ledger."""

    summed: int
    charged: int

    @property
    def agrees(self) -> bool:
        """Whether they are the same to the last digit."""
        return self.summed == self.charged


def booked(workspace_id: int, first: date, last: date) -> Booked | None:
    """Return what was posted of the UTC days first to last, both included; None for days too long ago to ask."""
    if first < clock.utc_day(clock.now()) - _ASKED_BACK:
        return None
    with reading() as cursor:
        cursor.execute(_BOOKED, {"workspace": workspace_id, "first": first, "last": last})
        summed, charged = cursor.fetchone() or (0, 0)
        return Booked(summed, charged)
