"""An upstream's file as lines: what was charged on which UTC day for which model, within stated bounds."""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from io import StringIO
from typing import Any
from uuid import UUID

from billing import receipts
from kernel import money, spreadsheets

from .presets import FIELDS, columns

__all__ = ["MOST_BYTES", "MOST_LINES", "Charged", "Unreadable", "read"]

MOST_BYTES = 20 * 2**20
MOST_LINES = 200_000
_MOST_COLUMNS, _LONGEST_CELL = 200, 2_000
_GREATEST = 2**40
_MOST_USD = Decimal(10**9)
_EARLIEST = date(2015, 1, 1)


class Unreadable(ValueError):
    """The file cannot be read: the message names the line and what to do."""


@dataclass(frozen=True, slots=True)
class Charged:
    """One line: what is not said is None. Cost in nano-USD, rounded half up where it is finer."""

    number: int
    day: date
    model: str
    request_id: UUID | None
    requests: int | None
    input: int | None
    output: int | None
    cost: int | None


def read(
    content: bytes, *, preset: str, given: Mapping[str, str]
) -> tuple[list[Charged], dict[str, tuple[str, ...]]]:
    """Return the lines of a CSV file, and which columns they were read from. Raises Unreadable."""
    if len(content) > MOST_BYTES:
        raise Unreadable(f"the file is larger than {MOST_BYTES // 2**20} MiB; take fewer days")
    table = _table(_decoded(content))
    heads = [cell.strip() for cell in next(table, [])]
    if not any(heads) or len(heads) > _MOST_COLUMNS:
        raise Unreadable("the first line must name the columns")
    try:
        chosen = columns(preset, heads, given)
    except ValueError as error:
        raise Unreadable(str(error)) from None
    lines = list(_lines(table, heads, chosen))
    if not lines:
        raise Unreadable("the file has no line below its heads")
    return lines, chosen


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable("the file is no UTF-8 text; export it as CSV") from None


def _table(text: str) -> Iterator[list[str]]:
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    rows = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise Unreadable(f"line {rows.line_num}: {error}") from None
        yield row


def _lines(
    table: Iterator[list[str]], heads: Sequence[str], chosen: Mapping[str, Sequence[str]]
) -> Iterator[Charged]:
    places = {field: [heads.index(column) for column in names] for field, names in chosen.items()}
    number = 1
    for row in table:
        number += 1
        if not any(cell.strip() for cell in row):
            continue
        if number > MOST_LINES + 1:
            raise Unreadable(f"more than {MOST_LINES:,} lines; take fewer days")
        if len(row) != len(heads):
            raise Unreadable(f"line {number}: it has {len(row)} cells, and there are {len(heads)} columns")
        line = _charged(number, {field: [row[place] for place in at] for field, at in places.items()})
        if line is not None:
            yield line


def _charged(number: int, cells: Mapping[str, list[str]]) -> Charged | None:
    """Return what a line says; None of one without a figure: a day on which nothing was used has a line in some exports."""
    figures = {field: _said(number, field, cells) for field in ("requests", "input", "output", "cost")}
    if all(figure is None for figure in figures.values()):
        return None
    day, model, request = (_said(number, field, cells) for field in ("day", "model", "request"))
    return Charged(number, day, model, request, **figures)


def _said(number: int, field: str, cells: Mapping[str, list[str]]) -> Any:
    found = cells.get(field)
    if found is None:
        return None
    try:
        if any(len(cell) > _LONGEST_CELL for cell in found):
            raise ValueError("the cell is too long")
        return _READ[field](found)
    except (ValueError, OverflowError) as error:
        raise Unreadable(f"line {number}: {FIELDS[field]}: {error}") from None


def _model(cells: list[str]) -> str:
    name = spreadsheets.read_text(cells[0].strip())
    if not name:
        raise ValueError("it is empty")
    return name


def _request(cells: list[str]) -> UUID | None:
    return receipts.request_of(spreadsheets.read_text(cells[0].strip()).lower())


def _count(cells: list[str]) -> int | None:
    known = [cell.strip().replace(",", "") for cell in cells if cell.strip()]
    if not known:
        return None
    total = 0
    for cell in known:
        number = _decimal(cell)
        if number != number.to_integral_value() or not 0 <= number <= _GREATEST:
            raise ValueError(f"{cell[:40]!r} is no count")
        total += int(number)
    return total


def _cost(cells: list[str]) -> int | None:
    cell = cells[0].strip()
    if not cell:
        return None
    amount = _decimal(cell.removeprefix("$").replace(",", ""))
    if abs(amount) > _MOST_USD:
        raise ValueError(f"{cell[:40]!r} is too much")
    exact = Fraction(amount) * money.NANO_PER_USD
    return money.half_up(exact.numerator, exact.denominator)


def _decimal(cell: str) -> Decimal:
    try:
        number = Decimal(cell)
    except InvalidOperation:
        raise ValueError(f"{cell[:40]!r} is no number") from None
    if not number.is_finite() or number.adjusted() < -30:
        raise ValueError(f"{cell[:40]!r} is no number")
    return number


def _day(cells: list[str]) -> date:
    """Return the UTC day of a day, a moment, or Unix seconds."""
    cell = cells[0].strip()
    try:
        if cell.isascii() and cell.isdigit() and len(cell) in {10, 13}:
            moment = datetime.fromtimestamp(int(cell[:10]), UTC)
        else:
            moment = datetime.fromisoformat(cell.removesuffix(" UTC").strip())
    except ValueError:
        raise ValueError(f"{cell[:40]!r} is no day like 2026-11-21") from None
    day = (moment.astimezone(UTC) if moment.tzinfo else moment).date()
    if day < _EARLIEST:
        raise ValueError(f"{cell[:40]!r} is before {_EARLIEST}")
    return day


_READ: Mapping[str, Callable[[list[str]], Any]] = {
    "day": _day,
    "model": _model,
    "request": _request,
    "requests": _count,
    "input": _count,
    "output": _count,
    "cost": _cost,
}
