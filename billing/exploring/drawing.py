"""How an answer is drawn: which member has which colour, and the figures that the browser draws."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import accumulate

from billing import charts, figures
from billing.statements import Measures, Step

from .metrics import Reading
from .question import Question
from .tally import Answer, Member

__all__ = ["OTHER", "colours", "drawn", "name_of_span", "words"]

OTHER = "other"


def colours(members: Sequence[Member], places: Mapping[int, int] | None) -> list[str]:
    """Return the colour of each member: of models, by `places`, the one they have on every page.

    A model without one of its own borrows what no other of the view has; what is told as one is grey.
    """
    own = [_own(member, number, places) for number, member in enumerate(members, start=1)]
    free = [str(place) for place in range(1, charts.COLOURS + 1) if str(place) not in own]
    return [
        OTHER if member.others else colour or (free.pop(0) if free else OTHER)
        for member, colour in zip(members, own, strict=True)
    ]


def _own(member: Member, number: int, places: Mapping[int, int] | None) -> str:
    if member.others:
        return ""
    place = number if places is None else places.get(int(member.member), 0)
    return str(place) if 0 < place <= charts.COLOURS else ""


def drawn(answer: Answer, question: Question, painted: Sequence[str]) -> dict[str, object]:
    """Return what the browser needs: labels of the spans, the series, and the days before as one."""
    metric = question.metric
    before = answer.before
    return {
        "labels": [name_of_span(span.begins, question.per) for span in answer.found.spans],
        "axis": [_at_axis(span.begins, question.per) for span in answer.found.spans],
        "unit": metric.unit,
        "named": True,
        "kind": "bars" if question.shape == "stacked" else "lines",
        "series": [
            {
                "name": member.name,
                "colour": colour,
                "values": _values(member.values, question),
            }
            for member, colour in zip(answer.members, painted, strict=True)
        ],
        "before": None
        if before is None
        else {
            "name": f"{question.days.length} before",
            "values": _values(before.values, question)[: len(answer.found.spans)],
        },
    }


def _values(values: Sequence[Measures], question: Question) -> list[float | None]:
    metric = question.metric
    readings = [metric.read(value) for value in values]
    if metric.unit == "share":
        return [_percent(reading) for reading in readings]
    parts = [reading.part for reading in readings]
    return list(accumulate(parts)) if question.shape == "cumulative" else list(parts)


def _percent(reading: Reading) -> float | None:
    """Return percent for the eye; the table has the exact figures."""
    return round(100 * reading.part / reading.whole, 4) if reading.whole else None


def _at_axis(begins: datetime, per: Step) -> str:
    return name_of_span(begins, per) if per in ("hour", "month") else figures.day(begins.date())


def name_of_span(begins: datetime, per: Step) -> str:
    """Return how a span is called; its beginning is in the zone of the view."""
    match per:
        case "hour":
            return f"{figures.day(begins.date())} {begins:%H:%M}"
        case "month":
            return f"{begins:%b %Y}"
        case "week":
            return f"week of {figures.day(begins.date())}"
        case _:
            return f"{begins:%a} {figures.day(begins.date())}"


def words(answer: Answer, question: Question, total: str) -> str:
    """Return the chart in one sentence, for those who do not see it."""
    lead = answer.members[0].name if answer.members and question.by != "none" else ""
    most = f"; most by {lead}" if lead else ""
    return f"{question.title}: {total} in all{most}. The table has the same numbers."
