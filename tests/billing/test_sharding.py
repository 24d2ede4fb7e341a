"""docs/scaling.md says how each hot table is spread over shards; the catalogue of the database agrees."""

import re
from functools import cache

import pytest
from django.db import connection

from tests.house.migration_rules import BIG
from tests.house.test_rules import ROOT

pytestmark = pytest.mark.django_db

_ROW = re.compile(
    r"^\| `(\w+)` \| (distributed|reference|local|to be changed first) \| (?:`(\w+)`)? ?\|", re.M
)
_UNIQUE = """
SELECT i.relname, array_agg(a.attname::text) FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = ANY (x.indkey)
WHERE x.indrelid = %s::regclass AND x.indisunique GROUP BY 1"""
_FOREIGN = """
SELECT confrelid::regclass::text,
  (SELECT array_agg(attname::text) FROM pg_attribute WHERE attrelid = conrelid AND attnum = ANY (conkey))
FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 AND conrelid = %s::regclass"""


@cache
def told() -> dict[str, tuple[str, str]]:
    """Return the kind of each table that the document lists, and the column it is distributed by."""
    page = (ROOT / "docs/scaling.md").read_text()
    return {table: (kind, column) for table, kind, column in _ROW.findall(page)}


def distributed() -> dict[str, str]:
    return {table: column for table, (kind, column) in told().items() if kind == "distributed"}


def asked(question: str, table: str) -> dict[str, set[str]]:
    with connection.cursor() as cursor:
        cursor.execute(question, [table])
        return {name: set(columns) for name, columns in cursor.fetchall()}


def test_every_big_table_is_listed() -> None:
    assert told().keys() >= BIG
    assert set(distributed().values()) == {"workspace_id"}


@pytest.mark.parametrize("table", sorted(distributed()))
def test_a_distributed_table_has_its_column_in_every_row_and_every_unique_key(table: str) -> None:
    column = distributed()[table]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attnotnull FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s",
            [table, column],
        )
        assert cursor.fetchone() == (True,)
    unique = asked(_UNIQUE, table)
    assert unique
    assert [name for name, columns in unique.items() if column not in columns] == []


@pytest.mark.parametrize("table", sorted(distributed()))
def test_foreign_keys_of_a_distributed_table_stay_within_a_workspace(table: str) -> None:
    for other, columns in asked(_FOREIGN, table).items():
        kind, _ = told().get(other, ("", ""))
        assert kind == "reference" or (kind == "distributed" and distributed()[table] in columns), other


def test_what_is_to_be_changed_first_still_has_to_be() -> None:
    [table] = [name for name, (kind, _) in told().items() if kind == "to be changed first"]
    assert any("workspace_id" not in columns for columns in asked(_UNIQUE, table).values())
