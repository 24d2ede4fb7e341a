"""The lines of a statement as CSV: every count, the exact amount and the cents; both columns sum to the statement's."""

from collections.abc import Iterator, Mapping
from typing import Any

from billing.models import Paper
from kernel import money, spreadsheets
from kernel.spreadsheets import Figure

from . import papers
from .face import CLASSES

__all__ = ["csv"]

_HEADS = ("month", "model", "key", "requests", "failed", *CLASSES, "usd_exact", "usd_cents")


def csv(paper: Paper) -> str:
    """Return a statement's lines. Raises ValueError for another kind of paper."""
    if paper.kind != Paper.Kind.STATEMENT:
        raise ValueError(f"{paper.label} is no statement")
    said = papers.content(paper)
    return spreadsheets.rows([_HEADS, *_rows(said["usage"], said["period"]["first"][:7])])


def _rows(usage: Mapping[str, Any], month: str) -> Iterator[list[str]]:
    for line in usage["lines"]:
        yield _row(month, line["model"], line["key"], line)
    if usage["rest"]:
        yield _row(month, f"{usage['rest']['parts']} further lines", "", usage["rest"])
    if usage["late"]:
        yield _row(month, "charged late, of days before", "", {"counts": {}, **usage["late"]})


def _row(month: str, model: str, key: str, line: Mapping[str, Any]) -> list[str]:
    figures = [
        line.get("requests", 0),
        line.get("failed", 0),
        *(line["counts"].get(each, 0) for each in CLASSES),
    ]
    return [
        Figure(month),
        model,
        key,
        *(Figure(number) for number in figures),
        Figure(money.show(line["nano"])),
        Figure(money.show(money.from_cents(line["cents"]), decimals=2)),
    ]
