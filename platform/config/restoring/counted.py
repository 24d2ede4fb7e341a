"""What a database holds, in numbers that a restored copy must have too: rows, money, and the triggers that guard them."""

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

__all__ = ["Held", "count"]

_TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1"""

_GUARDS = """
SELECT c.relname || '.' || t.tgname, t.tgenabled::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE NOT t.tgisinternal ORDER BY 1"""

_MONEY = {
    "balances": "SELECT coalesce(sum(posted), 0) FROM billing_account",
    "held": "SELECT coalesce(sum(held), 0) FROM billing_account",
    "not yet posted": "SELECT coalesce(sum(unbilled), 0) FROM billing_account",
    "cost of all requests": "SELECT coalesce(sum(cost), 0) FROM billing_usage_event",
    "legs of workspaces": "SELECT coalesce(sum(amount), 0) FROM billing_ledger_entry WHERE account = 'workspace'",
}


@dataclass(frozen=True)
class Held:
    """Rows by table, sums in nano-USD by what they are of, and triggers with whether they are on."""

    rows: dict[str, int]
    money: dict[str, int]
    guards: dict[str, str]

    def differences(self, other: "Held") -> list[str]:
        """Return what is not the same in another database, in words."""
        return [
            f"{name}: {mine.get(name, 'none')} and {theirs.get(name, 'none')}"
            for mine, theirs in self._pairs(other)
            for name in sorted({*mine, *theirs})
            if mine.get(name) != theirs.get(name)
        ]

    def _pairs(self, other: "Held") -> list[tuple[dict[str, Any], dict[str, Any]]]:
        return [(self.rows, other.rows), (self.money, other.money), (self.guards, other.guards)]


def count(connection: "psycopg.Connection[tuple[Any, ...]]") -> Held:
    """Count everything as the connection's transaction sees it."""
    tables = [name for (name,) in connection.execute(_TABLES).fetchall()]
    rows = {
        name: _number(connection, sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name)))
        for name in tables
    }
    money = {name: _number(connection, sql.SQL(query)) for name, query in _MONEY.items()}
    return Held(rows, money, dict(connection.execute(_GUARDS).fetchall()))


def _number(connection: "psycopg.Connection[tuple[Any, ...]]", query: sql.SQL | sql.Composed) -> int:
    [number] = connection.execute(query).fetchone() or (0,)
    return int(number)
