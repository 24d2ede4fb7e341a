"""How a statement that Django's connection runs again and again is planned once: it is prepared there."""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.db.backends.utils import CursorWrapper
from psycopg.types.numeric import Int8Dumper

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
    # By itself a number goes out as the smallest type that holds it, and a statement is planned for each mix of types.
    own.adapters.register_dumper(int, Int8Dumper)
    with cursor.db.wrap_database_errors:
        return own.execute(statement, values, prepare=True)
