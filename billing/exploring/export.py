"""A view's numbers to take along, as CSV and JSON: a row per step and member, which add up to the total on the page."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from billing import sums
from billing.statements import Measures, Series, Spend
from catalog.pricing import CLASSES
from kernel import money, spreadsheets
from kernel.spreadsheets import Figure

from .question import Question
from .tally import NOTHING, name_of

__all__ = ["MEASURES", "as_csv", "as_json", "file_name", "told"]

MEASURES = ("requests", "failed", *sums.COUNTS)
"""What a row counts besides money."""


def as_csv(found: Spend, question: Question) -> str:
    """Return the rows under one head; no row is a sum of others, so a column may be summed."""
    heads = ("begins", "ends", _of(question), "others", *MEASURES, "usd_exact")
    return spreadsheets.rows([heads, *_cells(found, question)])


def _of(question: Question) -> str:
    return "of" if question.by == "none" else question.by


def _cells(found: Spend, question: Question) -> Iterator[Sequence[str]]:
    for series, begins, ends, value in _used(found):
        yield (
            *(Figure(begins), Figure(ends), name_of(series, question.by), Figure(str(series.others))),
            *(Figure(str(number)) for number in _numbers(value)),
            Figure(money.show(value.cost)),
        )


def as_json(found: Spend, question: Question) -> str:
    """Return the same rows with what was asked and the total."""
    return json.dumps(told(found, question), indent=1, ensure_ascii=False)


def told(found: Spend, question: Question) -> dict[str, Any]:
    """Return what was asked, the rows and their total, ready to be JSON; money as decimal strings of USD."""
    rows = [
        {
            "begins": begins,
            "ends": ends,
            _of(question): name_of(series, question.by),
            "others": series.others,
            **_told(value),
        }
        for series, begins, ends, value in _used(found)
    ]
    return {
        "first": question.days.first.isoformat(),
        "last": question.days.last.isoformat(),
        "zone": found.cut_in,
        "per": question.per,
        "by": question.by,
        "only": question.narrowed,
        "rows": rows,
        "total": _told(found.total),
    }


def file_name(question: Question, ending: str) -> str:
    """Return what the file is called: activity-2026-10-24-to-2026-11-22-by-model-per-day.csv."""
    by = "" if question.by == "none" else f"-by-{question.by}"
    return f"activity-{question.days.first}-to-{question.days.last}{by}-per-{question.per}.{ending}"


def _used(found: Spend) -> Iterator[tuple[Series, str, str, Measures]]:
    for series in found.series:
        for span, value in zip(found.spans, series.values, strict=True):
            if value != NOTHING:
                yield series, _moment(span.begins), _moment(span.ends), value


def _moment(at: datetime) -> str:
    """Write a moment with its offset, in UTC with Z."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}" if at.tzinfo is UTC else at.isoformat()


def _numbers(value: Measures) -> tuple[int, ...]:
    return (value.requests, value.failed, *(getattr(value.counts, name) for name in CLASSES))


def _told(value: Measures) -> dict[str, int | str]:
    return {**dict(zip(MEASURES, _numbers(value), strict=True)), "usd_exact": money.show(value.cost)}
