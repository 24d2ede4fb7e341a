"""How a row is brought to what the file says of it, and how the database's rules are told as mistakes of the file."""

from collections.abc import Sequence
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction

from .book import Entry
from .run import Run
from .shape import Field

__all__ = ["complete", "save", "settle"]

Row = TypeVar("Row", bound=models.Model)
_LONGEST = 120  # characters of a value in a line of the diff


def settle(run: Run, row: Row, entry: Entry, fields: Sequence[Field]) -> Row | None:
    """Save a row, new or known, with the columns that the file names; None if a problem was noted instead."""
    if row.pk is None:
        if not complete(run, entry, fields):
            return None
        for column, value in entry.values.items():
            setattr(row, column, value)
        if not save(run, row, entry):
            return None
        run.added(entry.node)
        return row
    different = [
        field
        for field in fields
        if field.column in entry.values and getattr(row, field.column) != entry.values[field.column]
    ]
    before = {field.column: getattr(row, field.column) for field in different}
    for field in different:
        setattr(row, field.column, entry.values[field.column])
    if different and not save(run, row, entry, [field.column for field in different]):
        return None
    for field in different:
        old, new = field.write(before[field.column]), field.write(entry.values[field.column])
        run.changed(entry.node, f"{_shown(old)} → {_shown(new)}", part=f".{field.name}")
    return row


def complete(run: Run, entry: Entry, fields: Sequence[Field]) -> bool:
    """Tell whether the file names all that a new row needs; note each field that it lacks."""
    lacking = [field.name for field in fields if field.needed and field.column not in entry.nodes]
    for name in lacking:
        run.problems.add(entry.node, f"is new and lacks `{name}`")
    return not lacking


def save(run: Run, row: models.Model, entry: Entry, columns: Sequence[str] | None = None) -> bool:
    """Check and save a row; tell whether it was saved, and note each rule that it breaks."""
    try:
        _check(row)
        with transaction.atomic():
            row.save(update_fields=columns)
    except ValidationError as error:
        for column, said in _faults(error):
            run.problems.add(entry.nodes.get(column, entry.node), said)
        return False
    except IntegrityError as error:
        run.problems.add(entry.node, f"is refused by the database: {str(error).splitlines()[0]}")
        return False
    return True


def _check(row: models.Model) -> None:
    # What is empty was allowed to be so when the file was read; forms ask for more than the columns do.
    empty = {f.name for f in row._meta.concrete_fields if getattr(row, f.attname) in ("", [], {}, None)}
    row.clean_fields(exclude=empty)
    row.clean()
    row.validate_unique()
    row.validate_constraints()


def _faults(error: ValidationError) -> list[tuple[str, str]]:
    if not hasattr(error, "error_dict"):
        return [("", " ".join(error.messages))]
    return [(column, said) for column, faults in error.message_dict.items() for said in faults]


def _shown(value: Any) -> str:
    text = "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    text = " ".join(text.split()) or "nothing"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
