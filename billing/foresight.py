"""Whether a request would be let in now, by the same reading and the same decision as admission; nothing is taken."""

import psycopg
from django.db import connection

from billing.admission import READ, Ask, Refused, State, decide, literal

__all__ = ["refusal"]


def refusal(ask: Ask) -> Refused | None:
    """Return why a request would be refused at this moment, or None. Raises LookupError without an account."""
    connection.ensure_connection()
    with connection.wrap_database_errors:
        cursor = psycopg.RawCursor(connection.connection)
        row = cursor.execute(READ.encode(), [literal([ask.workspace_id])]).fetchone()
    if row is None:
        raise LookupError(f"workspace {ask.workspace_id} has no account")
    [verdict] = decide([ask], State(*row[1:]))
    return verdict
