"""How lists of ten million rows are narrowed to a time without scanning them: by ids and numbers that sort by time."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.admin import SimpleListFilter
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest

from billing import numbers
from kernel import clock, ids

from .admin_filters import workspace_of

__all__ = [
    "DayFilter",
    "EventTimeFilter",
    "LegFilter",
    "PostedFilter",
    "QuarterFilter",
    "RefusedFilter",
    "TimeFilter",
    "first_id",
]

MONTHS_SHOWN = 13
ANY = "any"
AHEAD = timedelta(days=1)
"""How far beyond this moment a span that lasts until now reaches: clocks differ."""
_SPANS = {
    "1h": timedelta(hours=1),
    "24h": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
_WORDS = {
    ANY: "Any time",
    "1h": "Last hour",
    "24h": "Last 24 hours",
    "7d": "Last 7 days",
    "30d": "Last 30 days",
    "today": "Today",
}


def first_id(day: date) -> UUID:
    """Return the smallest id that a UTC day can have: ids begin with their milliseconds."""
    return ids.first_at(_midnight(day))


class _Window(SimpleListFilter):
    """A span of time, months and the days of the chosen one; the choices come from the calendar, not from the rows.

    A large table is never listed without one: what is not chosen, or is nonsense, is the `standing` choice. A workspace's
    own rows need none where they have an index of their own (`within_workspace`), nor does what is asked for by its id.
    """

    title = "time, UTC"
    parameter_name = "day"
    mandatory = True
    standing = "24h"
    offered: tuple[str, ...] = ("1h", "24h", "7d", "30d")
    within_workspace = False

    def __init__(self, request: HttpRequest, *args: Any) -> None:
        super().__init__(request, *args)
        if self.within_workspace and workspace_of(request) is not None:
            self.standing = ANY

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return something, so that the filter is shown; the choices are made below."""
        return [(self.standing, _spoken(self.standing))]

    def chosen(self) -> str:
        """Return what the list is narrowed to."""
        value = self.value() or self.standing
        return value if value == self.standing or _span(value) is not None else self.standing

    def span(self) -> tuple[datetime, datetime] | None:
        """Return the first moment and the one after the last, or None for all time."""
        return _span(self.chosen())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows of the span; what is asked for by its id is found whenever it was."""
        span = self.span()
        return queryset if span is None or _asks_for_one(request) else self.narrowed(request, queryset, *span)

    def narrowed(
        self, request: HttpRequest, rows: QuerySet[Any], begins: datetime, ends: datetime
    ) -> QuerySet[Any]:
        """Return the rows from one moment up to another."""
        raise NotImplementedError

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Yield the standing choice, the other spans, then the months and within the chosen one its days."""
        chosen = self.chosen()
        without = changelist.get_query_string(remove=[self.parameter_name])
        yield {
            "selected": chosen == self.standing,
            "query_string": without,
            "display": _spoken(self.standing),
        }
        for name, shown in self._names(chosen):
            query = changelist.get_query_string({self.parameter_name: name})
            yield {"selected": chosen == name, "query_string": query, "display": shown}

    def _names(self, chosen: str) -> Iterator[tuple[str, str]]:
        yield from ((name, _spoken(name)) for name in (*self.offered, "today") if name != self.standing)
        month = clock.utc_day(clock.now()).replace(day=1)
        for _ in range(MONTHS_SHOWN):
            yield f"{month:%Y-%m}", f"{month:%B %Y}"
            if chosen.startswith(f"{month:%Y-%m}"):
                yield from ((f"{day}", f"– {day.day} {day:%b}, {day:%a}") for day in _days(month))
            month = (month - timedelta(days=1)).replace(day=1)


class TimeFilter(_Window):
    """Narrows rows whose id, or another's that they carry, begins with the time it was made."""

    column = "id"

    def narrowed(
        self, request: HttpRequest, rows: QuerySet[Any], begins: datetime, ends: datetime
    ) -> QuerySet[Any]:
        """Return them by a range of ids."""
        return rows.filter(
            **{f"{self.column}__gte": ids.first_at(begins), f"{self.column}__lt": ids.first_at(ends)}
        )


class EventTimeFilter(TimeFilter):
    """The same for requests; a workspace's are found by their charge numbers, which its own index is sorted by."""

    within_workspace = True

    def narrowed(
        self, request: HttpRequest, rows: QuerySet[Any], begins: datetime, ends: datetime
    ) -> QuerySet[Any]:
        """Return them by a range of the primary key, and of a workspace by a range of numbers too."""
        found = super().narrowed(request, rows, begins, ends)
        workspace = workspace_of(request)
        if workspace is None:
            return found
        first, last = numbers.between(workspace, begins, ends)
        return found.filter(charge_no__gte=first, charge_no__lte=last)


class PostedFilter(TimeFilter):
    """The same for movements of the ledger, of which there are fewer."""

    title = "posted, UTC"
    standing = "7d"
    within_workspace = True


class LegFilter(PostedFilter):
    """The same for the legs of movements."""

    column = "transaction_id"


class RefusedFilter(_Window):
    """Narrows rows by the minute since 1970 that they are of."""

    within_workspace = True

    def narrowed(
        self, request: HttpRequest, rows: QuerySet[Any], begins: datetime, ends: datetime
    ) -> QuerySet[Any]:
        """Return them by a range of minutes."""
        minutes = (clock.minute_number(moment.timestamp()) for moment in (begins, ends))
        return rows.filter(**dict(zip(("minute_no__gte", "minute_no__lt"), minutes, strict=True)))


class QuarterFilter(_Window):
    """Narrows sums of a quarter of an hour, which are as many as a day's requests may be."""

    within_workspace = True

    def narrowed(
        self, request: HttpRequest, rows: QuerySet[Any], begins: datetime, ends: datetime
    ) -> QuerySet[Any]:
        """Return those that begin within the span."""
        return rows.filter(starts_at__gte=begins, starts_at__lt=ends)


class DayFilter(_Window):
    """Narrows rows with a column `day`, by whole UTC days."""

    title = "UTC day"
    standing = "7d"
    offered = ("7d", "30d")
    within_workspace = True

    def narrowed(
        self, request: HttpRequest, rows: QuerySet[Any], begins: datetime, ends: datetime
    ) -> QuerySet[Any]:
        """Return those of the days that the span touches."""
        last = ends - timedelta(microseconds=1)
        return rows.filter(day__gte=clock.utc_day(begins), day__lte=clock.utc_day(last))


def _span(value: str) -> tuple[datetime, datetime] | None:
    now = clock.now()
    if value in _SPANS:
        return now - _SPANS[value], now + AHEAD
    try:
        first = (
            clock.utc_day(now)
            if value == "today"
            else date.fromisoformat(f"{value}-01" if len(value) == 7 else value)
        )
        after = _next_month(first) if len(value) == 7 else first + timedelta(days=1)
        return _midnight(first), _midnight(after)
    except (ValueError, OverflowError):
        return None


def _spoken(value: str) -> str:
    return _WORDS.get(value, value)


def _asks_for_one(request: HttpRequest) -> bool:
    try:
        UUID(request.GET.get("q", "").strip())
    except ValueError:
        return False
    return True


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _next_month(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)


def _days(month: date) -> list[date]:
    last = min(_next_month(month), clock.utc_day(clock.now()) + timedelta(days=1))
    return [month + timedelta(days=number) for number in range((last - month).days)]
