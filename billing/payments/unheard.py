"""Which events of Stripe did not do what they were sent for: refused, or taken and not worked for five minutes."""

from datetime import datetime

from django.db import connection

__all__ = ["UNHEARD", "unheard"]

UNHEARD = "(outcome = 'refused' OR (outcome IS NULL AND received_at < %(now)s - interval '5 minutes'))"
"""A condition on billing_stripe_event; `now` is a parameter."""


def unheard(since: datetime, *, now: datetime) -> int:
    """Return how many came since a moment. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM billing_stripe_event WHERE received_at >= %(since)s AND {UNHEARD}",
            {"since": since, "now": now},
        )
        return int(cursor.fetchall()[0][0])
