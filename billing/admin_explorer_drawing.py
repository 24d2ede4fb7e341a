"""How a view of usage is drawn: stacked bars with the period before as a dashed line, and the table of the same numbers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.urls import reverse

from billing import figures
from billing.overall import METRICS, Overall, Series
from billing.templatetags.figures import money

if TYPE_CHECKING:
    from billing.admin_explorer_question import Question

__all__ = ["drawn"]

_GRID = 4
_FILL = 0.62
_LABELS = 6
_ROUND = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Block:
    """A rectangle in hundredths of the chart; `colour` is 1 to 5, or other."""

    colour: str
    x: float
    y: float
    width: float
    height: float


def drawn(question: "Question", found: Overall) -> dict[str, Any]:
    """Return what the template shows of an answer."""
    is_money = METRICS[question.metric].money
    top = _ceiling(max([0, *found.values, *(found.before or ())]))
    return {
        "found": found,
        "is_money": is_money,
        "blocks": list(_blocks(found, top)),
        "before_line": _line(found.before, len(found.values), top) if found.before else "",
        "grid": [
            (100 - 100 * place / _GRID, _axis(top * place // _GRID, is_money=is_money))
            for place in range(_GRID + 1)
        ],
        "labels": list(_labels(question, found)),
        "rows": [_row(question, each, place, found) for place, each in enumerate(found.series)],
        "change": _change(found.total, sum(found.before)) if found.before is not None else "",
        "before": sum(found.before) if found.before is not None else None,
        "steps_told": list(_steps(question, found)),
        "words": _words(question, found),
    }


def _ceiling(most: int) -> int:
    """Return a round number that is no less, and that the lines of the grid divide."""
    if most <= _GRID:
        return _GRID
    size = 10 ** (len(str(most)) - 1)
    least = next(int(size * step) for step in _ROUND if size * step >= most)
    return -(-least // _GRID) * _GRID


def _blocks(found: Overall, top: int) -> Iterator[Block]:
    step = 100 / len(found.begins)
    for place in range(len(found.begins)):
        ground = 100.0
        for rank, each in enumerate(found.series):
            value = each.values[place]
            if value <= 0:
                continue  # what was corrected downwards has no bar; the table has its number
            height = 100 * value / top
            ground -= height
            colour = "other" if each.others else str(rank + 1)
            yield Block(
                colour,
                round(step * (place + (1 - _FILL) / 2), 3),
                round(ground, 3),
                round(step * _FILL, 3),
                round(height, 3),
            )


def _line(values: Sequence[int], steps: int, top: int) -> str:
    step = 100 / steps
    return " ".join(
        f"{step * (place + 0.5):.3f},{100 - 100 * max(0, value) / top:.3f}"
        for place, value in enumerate(values)
    )


def _labels(question: "Question", found: Overall) -> Iterator[tuple[float, str]]:
    number = len(found.begins)
    every = max(1, -(-number // _LABELS))
    for place in range(0, number, every):
        yield round(100 * (place + 0.5) / number, 2), _at(question, found, place)


def _at(question: "Question", found: Overall, place: int) -> str:
    begins = found.begins[place]
    match question.per:
        case "hour":
            return (
                f"{begins:%H:%M}"
                if question.first == question.last
                else f"{figures.day(begins.date())} {begins:%H:%M}"
            )
        case "month":
            return f"{begins:%b %Y}"
        case _:
            return figures.day(begins.date())


def _axis(value: int, *, is_money: bool) -> str:
    return f"${Decimal(value).scaleb(-9).normalize():,f}" if is_money else figures.compact(value)


def _row(question: "Question", each: Series, place: int, found: Overall) -> dict[str, Any]:
    return {
        "colour": "other" if each.others else str(place + 1),
        "name": f"Other ({figures.count(each.others)})" if each.others else each.name,
        "value": _value(question, each.total),
        "share": figures.percent(each.total, found.total),
        "before": "" if each.before is None else _value(question, each.before),
        "change": "" if each.before is None else _change(each.total, each.before),
        "requests": "" if each.others or question.by == "none" else _requests(question, each.member),
    }


def _requests(question: "Question", member: int) -> str:
    name = {"upstream": "provider"}.get(question.by, question.by)
    return f"{reverse('admin:billing_usageevent_changelist')}?{name}={member}&day=7d"


def _value(question: "Question", number: int) -> Any:
    return money(number, 6) if METRICS[question.metric].money else figures.count(number)


def _change(now: int, before: int) -> str:
    if not before:
        return "—" if not now else "new"
    told = figures.percent(now - before, abs(before))
    return told if told.startswith("−") else f"+{told}"


def _steps(question: "Question", found: Overall) -> Iterator[dict[str, Any]]:
    for place in range(len(found.begins)):
        yield {
            "at": _at(question, found, place),
            "values": [_value(question, each.values[place]) for each in found.series],
            "total": _value(question, found.values[place]),
            "before": ""
            if not found.before or place >= len(found.before)
            else _value(question, found.before[place]),
        }


def _words(question: "Question", found: Overall) -> str:
    name = METRICS[question.metric].name
    by = "" if question.by == "none" else f" by {question.by}"
    span = f"from {figures.day(question.first, year=True)} to {figures.day(question.last, year=True)}"
    total = f"${found.total / 10**9:,.2f}" if METRICS[question.metric].money else figures.count(found.total)
    lead = f"; most is {found.series[0].name}" if found.series and question.by != "none" else ""
    return f"{name}{by} per {question.per} {span}, UTC: {total} in all{lead}."
