"""How a statement that Django's connection runs again and again is planned once: it is prepared there."""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.db.backends.utils import CursorWrapper

__all__ = ["execute"]


def execute(
    cursor: CursorWrapper, statement: str, values: Sequence[Any] | Mapping[str, Any]
) -> psycopg.Cursor[tuple[Any, ...]]:
    """Run a statement on the connection and in the transaction of a cursor of Django's; return what has its rows.

    Django binds values itself, so its statements are planned each time; a plan of many parts takes longer than what it
    is for. Raises what Django raises.
    """
    connection: psycopg.Connection[tuple[Any, ...]] = cursor.connection
    # Django forbids preparing by setting none; its own cursors bind on this side and prepare nothing all the same.
    connection.prepare_threshold = 0
    own = psycopg.Cursor(connection)
    with cursor.db.wrap_database_errors:
        return own.execute(statement, values, prepare=True)
