"""What a migration may not do while the release before it still serves, and which operations and statements do it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently
from django.db import migrations, models
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

__all__ = ["BASELINE", "BIG", "RULES", "Looked", "findings"]

BASELINE = {"accounts": "0014", "billing": "0026", "catalog": "0012"}
"""The last migration of each app that was written before these rules, for a site that nobody served from yet."""

BIG = frozenset(
    {
        *("billing_account", "billing_admission", "billing_attempt", "billing_usage_event"),
        *("billing_daily_usage", "billing_usage_bucket", "billing_refusal", "billing_refusal_count"),
        *("billing_ledger_transaction", "billing_ledger_entry", "billing_credit_lot"),
        *("billing_credit_movement", "billing_day_seal", "accounts_trail"),
    }
)
"""Tables that grow with requests or customers, or that every request locks a row of."""

_VOLATILE = re.compile(r"\b(random|gen_random_uuid|uuid_generate_\w+|clock_timestamp|timeofday|nextval)\s*\(")
_STEADY = (models.Value, models.functions.Now)
_NAME = r'(?:IF\s+(?:NOT\s+)?EXISTS\s+)?(?:ONLY\s+)?"?(?P<table>\w+)"?'


@dataclass(frozen=True)
class Looked:
    """One migration with the state of the models before it; `released` are the versions that are out."""

    migration: migrations.Migration
    before: ProjectState
    released: frozenset[str] = field(default_factory=frozenset)

    @cached_property
    def operations(self) -> list[Operation]:
        """What reaches the database, in order."""
        return list(_reaching(self.migration.operations))

    @cached_property
    def statements(self) -> list[str]:
        """The SQL that is written by hand, in single statements without comments and bodies of functions."""
        return [each for run in self.operations if isinstance(run, migrations.RunSQL) for each in _split(run)]

    @cached_property
    def made(self) -> frozenset[str]:
        """Tables that this migration makes: nobody uses them yet, and they are empty."""
        written = (re.match(rf"CREATE\s+TABLE\s+{_NAME}", each, re.I) for each in self.statements)
        return frozenset(
            {
                *(found["table"] for found in written if found),
                *(
                    self.table(each.name)
                    for each in self.operations
                    if isinstance(each, migrations.CreateModel)
                ),
            }
        )

    def table(self, model: str) -> str:
        """Return the table of a model by its name."""
        known = self.before.models.get((self.migration.app_label, model.lower()))
        named = known.options.get("db_table") if known else None
        return str(named or f"{self.migration.app_label}_{model.lower()}")

    def altered(self) -> Iterator[tuple[str, str]]:
        """Yield each table that was there before with a clause that alters it."""
        for each in self.statements:
            found = re.match(rf"ALTER\s+TABLE\s+{_NAME}\s+(?P<clauses>.*)", each, re.I | re.S)
            if found and found["table"] not in self.made:
                for clause in re.split(r",\s*(?=(?:ADD|DROP|ALTER|RENAME|VALIDATE)\b)", found["clauses"]):
                    yield found["table"], clause


def findings(looked: Looked) -> list[str]:
    """Return what a migration does against the rules, each with the rule's name."""
    return [f"{name}: {found}" for name, rule in RULES.items() for found in rule(looked)]


def _reaching(operations: Any) -> Iterator[Operation]:
    for each in operations:
        if isinstance(each, migrations.SeparateDatabaseAndState):
            yield from _reaching(each.database_operations)
        else:
            yield each


def _split(run: migrations.RunSQL) -> Iterator[str]:
    parts = [run.sql] if isinstance(run.sql, str) else [part if isinstance(part, str) else part[0] for part in run.sql]  # fmt: skip
    for part in parts:
        bare = re.sub(r"--[^\n]*|/\*.*?\*/|\$(\w*)\$.*?\$\1\$|'(?:[^']|'')*'", " ''", part, flags=re.S)
        yield from (each.strip() for each in bare.split(";") if each.strip())


def _removals(looked: Looked) -> Iterator[str]:
    """What the code of the release before still reads, unless a release that is out has stopped reading it."""
    if getattr(looked.migration, "contracts", None) in looked.released:
        return
    gone = (migrations.RemoveField, migrations.DeleteModel, migrations.RenameField, migrations.RenameModel)
    for each in looked.operations:
        if isinstance(each, (*gone, migrations.AlterModelTable)):
            yield each.describe()
    for statement in looked.statements:
        if re.match(r"DROP\s+(TABLE|VIEW|FUNCTION|TYPE)\b", statement, re.I):
            yield statement
    for table, clause in looked.altered():
        if re.match(r"DROP\s+(?!CONSTRAINT|DEFAULT)|RENAME\b", clause, re.I):
            yield f"{table}: {clause}"


def _needed_values(looked: Looked) -> Iterator[str]:
    """What the code of the release before does not write, and the database does not fill in."""
    for each in looked.operations:
        if isinstance(each, migrations.AddField) and looked.table(each.model_name) not in looked.made:
            empty = each.field.null or each.field.many_to_many
            if not empty and each.field.db_default is models.NOT_PROVIDED:
                yield f"{each.describe()}: NOT NULL, and no db_default"
        if isinstance(each, migrations.AlterField) and not each.field.null and _before(looked, each).null:
            yield f"{each.describe()}: NOT NULL from now on"
    for table, clause in looked.altered():
        if re.match(r"ADD\b", clause, re.I) and re.search(r"\bNOT\s+NULL\b", clause, re.I):
            if not re.search(r"\bDEFAULT\b", clause, re.I):
                yield f"{table}: {clause}"
        elif re.search(r"\bSET\s+NOT\s+NULL\b", clause, re.I):
            yield f"{table}: {clause}"


def _rewrites(looked: Looked) -> Iterator[str]:
    """What writes every row anew while nobody may read: volatile defaults, other types."""
    for each in looked.operations:
        if isinstance(each, migrations.AddField) and looked.table(each.model_name) not in looked.made:
            filled = each.field.db_default
            if isinstance(filled, models.Func) and not isinstance(filled, _STEADY):
                yield f"{each.describe()}: {filled}"
        if isinstance(each, migrations.AlterField) and type(each.field) is not type(_before(looked, each)):
            yield f"{each.describe()}: another type"
    for table, clause in looked.altered():
        if (re.match(r"ADD\b", clause, re.I) and _VOLATILE.search(clause)) or re.search(
            r"\bALTER\s+(COLUMN\s+)?\w+\s+(SET\s+DATA\s+)?TYPE\b", clause, re.I
        ):
            yield f"{table}: {clause}"


def _long_locks(looked: Looked) -> Iterator[str]:
    """What reads a whole big table while nobody may write to it: indexes and constraints."""
    for each in looked.operations:
        if isinstance(each, migrations.AddIndex | migrations.AddConstraint | migrations.AlterUniqueTogether):
            model = each.model_name if hasattr(each, "model_name") else each.name
            apart = isinstance(each, AddIndexConcurrently | AddConstraintNotValid)
            if looked.table(model) in BIG - looked.made and not apart:
                yield each.describe()
        if isinstance(each, migrations.AddField | migrations.AlterField):
            indexed = getattr(each.field, "db_index", False) or each.field.unique
            if looked.table(each.model_name) in BIG - looked.made and indexed:
                yield f"{each.describe()}: indexed"
    for statement in looked.statements:
        found = re.match(
            rf"CREATE\s+(UNIQUE\s+)?INDEX\s+(?P<how>.*?)\bON\s+(?P<only>ONLY\s+)?{_NAME}",
            statement,
            re.I | re.S,
        )
        big = found is not None and found["table"] in BIG - looked.made
        if found and big and not found["only"] and not re.match(r"CONCURRENTLY\b", found["how"], re.I):
            yield statement
    for table, clause in looked.altered():
        checked = re.match(r"ADD\b.*\b(CHECK|REFERENCES|UNIQUE|PRIMARY\s+KEY|EXCLUDE)\b", clause, re.I | re.S)
        if table in BIG and checked and not re.search(r"\bNOT\s+VALID\b|\bUSING\s+INDEX\b", clause, re.I):
            yield f"{table}: {clause}"


def _data_with_tables(looked: Looked) -> Iterator[str]:
    """What moves rows and cannot be taken back, or keeps the locks of a changed table for as long as it moves rows."""
    moving = [each for each in looked.operations if isinstance(each, migrations.RunPython)]
    written = [each for each in looked.statements if re.match(r"(UPDATE|DELETE|INSERT)\b", each, re.I)]
    alters = any(True for _ in looked.altered()) or any(
        isinstance(each, migrations.AddField | migrations.AlterField | migrations.RemoveField)
        for each in looked.operations
    )
    for each in moving:
        if each.reverse_code is None:
            yield f"{each.describe()}: no way back"
    if alters:
        yield from (f"{each.describe()}: beside a change of tables" for each in moving)
        yield from (f"{each}: beside a change of tables" for each in written)


def _before(looked: Looked, change: migrations.AlterField) -> "models.Field[Any, Any]":
    known = looked.before.models[looked.migration.app_label, change.model_name_lower]
    found: models.Field[Any, Any] = known.fields[change.name]
    return found


RULES: dict[str, Callable[[Looked], Iterator[str]]] = {
    "removes what the release before uses": _removals,
    "needs a value that the release before does not write": _needed_values,
    "writes a table anew": _rewrites,
    "locks a big table for long": _long_locks,
    "moves data with its tables, or for good": _data_with_tables,
}
