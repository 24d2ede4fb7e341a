"""How a workspace ends its open streams: its generation moves on, and what began before it must stop."""

from django.db import connection

__all__ = ["GENERATIONS", "kill_streams"]

# Gives (kind, workspace, generation): streams that began in an earlier one are to end.
GENERATIONS = """
SELECT 'workspace', a.workspace_id, a.kill_generation FROM billing_account a
WHERE a.workspace_id = ANY (%s::bigint[])"""


def kill_streams(workspace_id: int) -> int:
    """Order every open stream of a workspace to end, on any process; return how many were open.

    A stream admitted after this commit is of the new generation and goes on. Raises LookupError if there is no
    such account.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE billing_account SET kill_generation = kill_generation + 1
               WHERE workspace_id = %s RETURNING open_streams""",
            [workspace_id],
        )
        row = cursor.fetchone()
    if row is None:
        raise LookupError(f"workspace {workspace_id} has no account")
    return int(row[0])
