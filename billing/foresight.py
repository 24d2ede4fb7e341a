"""Whether a request would be let in now, by the same reading and the same decision as admission; nothing is taken."""

import psycopg
from django.db import connection

from billing.admission import Ask, Refused, decide
from billing.taking import READ, read_parameters, state

__all__ = ["refusal"]


def refusal(ask: Ask) -> Refused | None:
    """Return why a request would be refused at this moment, or None. Raises LookupError without an account."""
    connection.ensure_connection()
    with connection.wrap_database_errors:
        cursor = psycopg.RawCursor(connection.connection)
        row = cursor.execute(READ.encode(), read_parameters({ask.workspace_id: [ask]})).fetchone()
    if row is None:
        raise LookupError(f"workspace {ask.workspace_id} has no account")
    [verdict] = decide([ask], state(*row[1:]))
    return verdict
