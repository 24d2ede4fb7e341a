"""The two roles of the database: who owns the tables and may change them, and who the product runs as."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from psycopg import sql

__all__ = ["as_owner", "grant"]

# What a table's own guard refuses to everybody: bits of tgtype, 8 is DELETE and 16 UPDATE.
_FACTS = """
SELECT c.relname, bool_or(t.tgtype & 16 > 0) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE t.tgname = 'append_only' AND t.tgqual IS NULL AND c.relkind IN ('r', 'p') GROUP BY 1 ORDER BY 1"""

_OWNERS_DEEDS = (
    "billing_make_event_partitions(integer)",
    "billing_make_event_partitions_since(date)",
    "billing_guard_event_partitions()",
    "billing_close_month(date)",
    "billing_drop_month(date)",
)
_TO_ALL = (
    "GRANT USAGE ON SCHEMA public TO {role}",
    "REVOKE CREATE ON SCHEMA public FROM {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
    "REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {role}",
    # Partitions of events that are made later; through the table above them they are written to anyway.
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {role}",
)


@contextmanager
def as_owner() -> Iterator[None]:
    """Be the role of MIGRATION_DATABASE_URL in the block; without that variable nothing changes.

    Raises ImproperlyConfigured if it names another database than DATABASE_URL.
    """
    entry: dict[str, Any] | None = settings.MIGRATION_DATABASE
    if entry is None:
        yield
        return
    product = settings.DATABASES["default"]
    if entry["NAME"] != product["NAME"]:
        raise ImproperlyConfigured(
            f"MIGRATION_DATABASE_URL names the database {entry['NAME']}, and DATABASE_URL {product['NAME']}."
        )
    before = dict(product)
    _hang_up()
    product.update(entry)
    try:
        yield
    finally:
        _hang_up()
        product.update(before)


def grant(role: str) -> None:
    """Give a role what the product needs and no more: facts are added and read, and nothing is changed of the tables.

    Run by their owner; a second time changes nothing. Raises ProgrammingError if there is no such role.
    """
    name = sql.Identifier(role)
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in _TO_ALL:
            cursor.execute(sql.SQL(statement).format(role=name))
        cursor.execute(_FACTS)
        for table, never_changed in cursor.fetchall():
            rights = sql.SQL("UPDATE, DELETE" if never_changed else "DELETE")
            revoke = sql.SQL("REVOKE {rights} ON {table} FROM {role}")
            cursor.execute(revoke.format(rights=rights, table=sql.Identifier(table), role=name))
        for deed in _OWNERS_DEEDS:
            cursor.execute(sql.SQL(f"GRANT EXECUTE ON FUNCTION {deed} TO {{role}}").format(role=name))


def _hang_up() -> None:
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]
