"""Migrations after the baseline keep to what lets two releases serve at once; each rule knows a bad migration."""

import re
from typing import Any

import pytest
from django.contrib.postgres.functions import RandomUUID
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState

from tests.house.migration_rules import BASELINE, BIG, RULES, Looked, findings
from tests.house.test_rules import ROOT

REMOVES, NEEDS, REWRITES, LOCKS, MOVES = RULES
EVENTS = "billing_usage_event"


def released() -> frozenset[str]:
    """Return the versions that the changelog says are out."""
    return frozenset(re.findall(r"^## (\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE))


def written() -> list[Looked]:
    """Return every migration of ours that is newer than the baseline."""
    loader = MigrationLoader(None)
    return [
        Looked(migration, loader.project_state(key, at_end=False), released())
        for key, migration in sorted(loader.disk_migrations.items())
        if key[0] in BASELINE and key[1][:4] > BASELINE[key[0]]
    ]


def test_new_migrations_leave_the_release_before_serving() -> None:
    assert {str(each.migration): found for each in written() if (found := findings(each))} == {}


def test_the_baseline_names_migrations_that_there_are() -> None:
    known = {(app, name[:4]) for app, name in MigrationLoader(None).disk_migrations}
    assert set(BASELINE.items()) <= known


@pytest.mark.django_db
def test_big_tables_are_tables() -> None:
    from django.db import connection

    assert set(connection.introspection.table_names()) >= BIG


def looked(*operations: Operation, **facts: Any) -> Looked:
    """Look at a migration of billing with these operations, after one that made a big table and a small one."""
    state = ProjectState()
    for name, table in (("event", EVENTS), ("thing", "billing_thing")):
        fields: list[tuple[str, models.Field[Any, Any]]] = [
            ("id", models.BigAutoField(primary_key=True)),
            ("old", models.TextField(null=True)),
        ]
        state.add_model(ModelState("billing", name, fields, options={"db_table": table}))
    kind = type("Migration", (migrations.Migration,), {"operations": list(operations), **facts})
    return Looked(kind("9999_tried", "billing"), state, frozenset({"0.3.0"}))


def sql(text: str) -> migrations.RunSQL:
    return migrations.RunSQL(text)


def add(**facts: Any) -> migrations.AddField:
    return migrations.AddField("thing", "new", models.UUIDField(**facts))


def nothing(*_: Any) -> None:
    """Move no data."""


BAD: dict[str, tuple[str, Operation]] = {
    "a column is dropped": (REMOVES, migrations.RemoveField("thing", "old")),
    "a column is renamed": (REMOVES, migrations.RenameField("thing", "old", "new")),
    "a table is dropped": (REMOVES, migrations.DeleteModel("thing")),
    "a table is renamed": (REMOVES, migrations.RenameModel("thing", "other")),
    "a table takes another name": (REMOVES, migrations.AlterModelTable("thing", "other")),
    "a column is dropped in SQL": (REMOVES, sql("ALTER TABLE billing_thing DROP COLUMN old")),
    "a column is dropped beside another change": (
        REMOVES,
        sql("ALTER TABLE billing_thing ADD COLUMN new text, DROP old"),
    ),
    "a column is renamed in SQL": (REMOVES, sql("ALTER TABLE billing_thing RENAME old TO new")),
    "a table is dropped in SQL": (REMOVES, sql("DROP TABLE IF EXISTS billing_thing")),
    "a function is dropped": (REMOVES, sql("DROP FUNCTION billing_refuse()")),
    "a column must be written": (NEEDS, add()),
    "a column has a default of Python's alone": (NEEDS, add(default="")),
    "a column must be written from now on": (
        NEEDS,
        migrations.AlterField("thing", "old", models.TextField()),
    ),
    "a column must be written, in SQL": (
        NEEDS,
        sql("ALTER TABLE billing_thing ADD COLUMN new text NOT NULL"),
    ),
    "a column must be written from now on, in SQL": (
        NEEDS,
        sql("ALTER TABLE billing_thing ALTER COLUMN old SET NOT NULL"),
    ),
    "each row gets a default of its own": (REWRITES, add(db_default=RandomUUID())),
    "each row gets a default of its own, in SQL": (
        REWRITES,
        sql("ALTER TABLE billing_thing ADD COLUMN new uuid DEFAULT gen_random_uuid()"),
    ),
    "a column changes its type": (
        REWRITES,
        migrations.AlterField("thing", "old", models.IntegerField(null=True)),
    ),
    "a column changes its type, in SQL": (
        REWRITES,
        sql("ALTER TABLE billing_thing ALTER COLUMN old TYPE bigint USING old::bigint"),
    ),
    "a big table gets an index": (
        LOCKS,
        migrations.AddIndex("event", models.Index(fields=["old"], name="event_old")),
    ),
    "a big table gets an indexed column": (
        LOCKS,
        migrations.AddField("event", "new", models.TextField(null=True, db_index=True)),
    ),
    "a big table gets an index, in SQL": (LOCKS, sql(f"CREATE INDEX event_old ON {EVENTS} (old)")),
    "a big table gets a unique index, in SQL": (LOCKS, sql(f"CREATE UNIQUE INDEX ON {EVENTS} (old)")),
    "a big table is checked": (
        LOCKS,
        migrations.AddConstraint(
            "event", models.CheckConstraint(condition=models.Q(old__gt=""), name="event_old")
        ),
    ),
    "a big table is checked, in SQL": (
        LOCKS,
        sql(f"ALTER TABLE {EVENTS} ADD CONSTRAINT some CHECK (old > '')"),
    ),
    "rows are moved and cannot be moved back": (MOVES, migrations.RunPython(nothing)),
}

GOOD: dict[str, tuple[Operation, ...]] = {
    "a table is made": (migrations.CreateModel("new", [("id", models.BigAutoField(primary_key=True))]),),
    "a table is made in SQL, with its indexes": (
        sql("CREATE TABLE billing_new (old text NOT NULL); CREATE INDEX ON billing_new (old)"),
    ),
    "a column may be empty": (add(null=True),),
    "a column has a default of the database": (add(db_default=models.Value("")),),
    "a column has a default, in SQL": (
        sql("ALTER TABLE billing_thing ADD COLUMN new text NOT NULL DEFAULT ''"),
    ),
    "a column may be empty from now on": (
        migrations.AlterField("thing", "old", models.TextField(null=True, blank=True)),
    ),
    "a big table gets an index without a lock": (
        AddIndexConcurrently("event", models.Index(fields=["old"], name="event_old")),
    ),
    "the same in SQL": (sql(f"CREATE INDEX CONCURRENTLY event_old ON {EVENTS} (old)"),),
    "an index of a partitioned table, to be joined by those of its parts": (
        sql(f"CREATE INDEX event_old ON ONLY {EVENTS} (old)"),
    ),
    "a big table is checked from now on": (
        sql(f"ALTER TABLE {EVENTS} ADD CONSTRAINT some CHECK (old > '') NOT VALID"),
    ),
    "rows are checked later": (sql(f"ALTER TABLE {EVENTS} VALIDATE CONSTRAINT some"),),
    "a small table gets an index": (
        migrations.AddIndex("thing", models.Index(fields=["old"], name="thing_old")),
    ),
    "rows are moved, and can be moved back": (migrations.RunPython(nothing, nothing),),
    "words in a comment or a text": (sql("-- DROP TABLE x;\nSELECT 'DROP TABLE x; ALTER TABLE y DROP z'"),),
    "a function is made anew": (
        sql("CREATE OR REPLACE FUNCTION f() RETURNS void LANGUAGE sql AS $$ DROP TABLE x; $$"),
    ),
    "models alone say it": (
        migrations.SeparateDatabaseAndState(state_operations=[migrations.RemoveField("thing", "old")]),
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_migration_is_refused(case: str) -> None:
    rule, operation = BAD[case]
    assert [found.partition(": ")[0] for found in findings(looked(operation))] == [rule]


@pytest.mark.parametrize("case", GOOD)
def test_a_good_migration_passes(case: str) -> None:
    assert findings(looked(*GOOD[case])) == []


def test_rows_are_not_moved_beside_a_change_of_tables() -> None:
    for moving in (migrations.RunPython(nothing, nothing), sql("UPDATE billing_thing SET old = ''")):
        [found] = findings(looked(add(null=True), moving))
        assert found.startswith(MOVES)


def test_what_a_release_that_is_out_stopped_using_may_be_removed() -> None:
    removal = migrations.RemoveField("thing", "old")
    assert findings(looked(removal, contracts="0.3.0")) == []
    assert findings(looked(removal, contracts="0.4.0")) != []


def test_every_rule_has_a_bad_migration() -> None:
    assert {rule for rule, _ in BAD.values()} == set(RULES)
