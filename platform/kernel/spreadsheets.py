"""How a CSV is written that a spreadsheet may open: nothing in a cell is taken for a formula, every text comes back."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

__all__ = ["Figure", "read_text", "rows", "text"]

_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_MARK = "'"


class Figure(str):
    """A number that was written here, in digits: it is left as it is, also where it is negative."""

    __slots__ = ()


def text(cell: str) -> str:
    """Return a text that is no formula: one that could be is marked with ', and so is one that begins with '."""
    begins = cell.lstrip(" ")
    return _MARK + cell if begins.startswith((_MARK, *_FORMULAS)) else cell


def read_text(cell: str) -> str:
    """Return the text that `text` made a cell of."""
    return cell[1:] if cell.startswith(_MARK) else cell


def rows(cells: Iterable[Sequence[str]]) -> str:
    """Return rows of cells as CSV (RFC 4180), every cell quoted."""
    written = StringIO()
    lines = csv.writer(written, quoting=csv.QUOTE_ALL)
    for row in cells:
        lines.writerow([cell if isinstance(cell, Figure) else text(cell) for cell in row])
    return written.getvalue()
