"""From which day on every event is still there, after months of events have been dropped."""

from datetime import date

from django.db.backends.utils import CursorWrapper

from billing.proof.rules import BEGINNING

__all__ = ["complete_from"]


def complete_from(cursor: CursorWrapper) -> date:
    """Return the first UTC day of which no event was dropped.

    It is the second of a month: the first minutes of the one before may hold requests that arrived in the month that
    was dropped.
    """
    cursor.execute(
        "SELECT (max(month) + interval '1 month' + interval '1 day')::date FROM billing_dropped_month"
    )
    [found] = cursor.fetchone() or (None,)
    return found or BEGINNING
