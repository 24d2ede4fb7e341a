"""Which model has which colour, and the stacked bars and table rows made of daily sums."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from billing import figures
from billing.statements import DailyRow

__all__ = ["COLOURS", "RequestsByModel", "Series", "rank", "requests_by_model"]

COLOURS = 6  # the palette of tokens.css; models of lower rank share the colour "other"
_OTHER = "other"


@dataclass(frozen=True)
class Series:
    """One colour of the chart and its row in the table; cost in nano-USD."""

    name: str
    colour: str
    daily: tuple[int, ...]
    requests: int
    share: str
    cost: int


@dataclass(frozen=True)
class RequestsByModel:
    """Requests per UTC day, stacked by model from the bottom, with sums; cost in nano-USD."""

    days: tuple[date, ...]
    series: tuple[Series, ...]
    requests: int
    cost: int

    @property
    def words(self) -> str:
        """The chart in one sentence, for those who do not see it."""
        first, last = figures.day(self.days[0]), figures.day(self.days[-1])
        most = max(self.series, key=lambda series: series.requests, default=None)
        when = f"from {first} to {last}" if len(self.days) > 1 else f"on {last}"
        lead = f"; most to {most.name}, {most.share}" if most else ""
        return f"Requests per day by model {when}: {figures.count(self.requests)} in all{lead}."

    @property
    def drawn(self) -> dict[str, object]:
        """What the browser needs to draw the bars."""
        return {
            "days": [figures.day(day) for day in self.days],
            "series": [{"name": s.name, "colour": s.colour, "values": s.daily} for s in self.series],
        }


def rank(rows: Iterable[DailyRow]) -> dict[int, int]:
    """Return model id → place by requests, from 1. Given the last 30 days, a model keeps its colour on every page."""
    requests: dict[int, int] = {}
    names: dict[int, str] = {}
    for row in rows:
        requests[row.model_id] = requests.get(row.model_id, 0) + row.requests
        names[row.model_id] = row.model
    ordered = sorted(requests, key=lambda model_id: (-requests[model_id], names[model_id]))
    return {model_id: place for place, model_id in enumerate(ordered, start=1)}


def requests_by_model(
    rows: Iterable[DailyRow], *, days: Sequence[date], places: dict[int, int]
) -> RequestsByModel:
    """Stack the rows of the given days. Every row is counted once, so the sums equal those of the rows."""
    shown = set(days)
    stacks: dict[str, list[DailyRow]] = {}
    for row in sorted((row for row in rows if row.day in shown), key=lambda row: places[row.model_id]):
        place = places[row.model_id]
        stacks.setdefault(str(place) if place <= COLOURS else _OTHER, []).append(row)
    whole = sum(row.requests for stack in stacks.values() for row in stack)
    series = tuple(_series(colour, stack, days=days, whole=whole) for colour, stack in stacks.items())
    return RequestsByModel(
        days=tuple(days), series=series, requests=whole, cost=sum(each.cost for each in series)
    )


def _series(colour: str, rows: Sequence[DailyRow], *, days: Sequence[date], whole: int) -> Series:
    daily = dict.fromkeys(days, 0)
    for row in rows:
        daily[row.day] += row.requests
    requests = sum(daily.values())
    models = {row.model for row in rows}
    return Series(
        name=f"Other ({len(models)} models)" if colour == _OTHER and len(models) > 1 else rows[0].model,
        colour=colour,
        daily=tuple(daily.values()),
        requests=requests,
        share=figures.percent(requests, whole),
        cost=sum(row.cost for row in rows),
    )
