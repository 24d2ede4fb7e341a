"""How lists of ten million rows are narrowed without scanning them: by ids that sort by time, and by workspace."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.admin import SimpleListFilter
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.models import Workspace
from catalog.models import Model, Provider
from kernel import clock

__all__ = [
    "DayFilter",
    "ModelFilter",
    "ProviderFilter",
    "TimeFilter",
    "WorkspaceFilter",
    "first_id",
    "workspace_of",
]

MONTHS_SHOWN = 13


def first_id(day: date) -> UUID:
    """Return the smallest id that a UTC day can have: ids begin with their milliseconds."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return UUID(int=int(start.timestamp() * 1000) << 80)


def workspace_of(request: HttpRequest) -> int | None:
    """Return the workspace that a list is narrowed to, by its filter or by a search for its slug."""
    chosen = request.GET.get("workspace", "")
    if chosen.isascii() and chosen.isdigit():
        return int(chosen)
    slug = request.GET.get("q", "").strip().lower()
    return Workspace.objects.filter(slug=slug).values_list("pk", flat=True).first() if slug else None


class _Drill(SimpleListFilter):
    """Months, then the days of the chosen month; the choices come from the calendar, not from the rows."""

    title = "UTC day"
    parameter_name = "day"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return something, so that the filter is shown; the choices are made below."""
        return [("today", "Today")]

    def span(self) -> tuple[date, date] | None:
        """Return the first day and the day after the last, or None for all time. Nonsense is all time."""
        today, value = clock.utc_day(clock.now()), self.value() or ""
        if value == "today":
            return today, today + timedelta(days=1)
        try:
            if len(value) == 7:
                first = date.fromisoformat(f"{value}-01")
                return first, _next_month(first)
            first = date.fromisoformat(value)
        except ValueError:
            return None
        return first, first + timedelta(days=1)

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Yield all time, today, then the months and within the chosen one its days."""
        value, span = self.value(), self.span()
        yield {"selected": value is None, "query_string": changelist.get_query_string(remove=[self.parameter_name]), "display": "Any time"}  # fmt: skip
        month = clock.utc_day(clock.now()).replace(day=1)
        names = [("today", "Today")]
        for _ in range(MONTHS_SHOWN):
            names.append((f"{month:%Y-%m}", f"{month:%B %Y}"))
            if span is not None and value != "today" and month <= span[0] < _next_month(month):
                names += [(f"{day}", f"– {day.day} {day:%b}, {day:%a}") for day in _days(month)]
            month = (month - timedelta(days=1)).replace(day=1)
        for name, shown in names:
            query = changelist.get_query_string({self.parameter_name: name})
            yield {"selected": value == name, "query_string": query, "display": shown}


class TimeFilter(_Drill):
    """Narrows rows whose id begins with the time they were made."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows of the span, by a range of the primary key."""
        span = self.span()
        if span is None:
            return queryset
        return queryset.filter(id__gte=first_id(span[0]), id__lt=first_id(span[1]))


class DayFilter(_Drill):
    """Narrows rows with a column `day`."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows of the span."""
        span = self.span()
        return queryset if span is None else queryset.filter(day__gte=span[0], day__lt=span[1])


class WorkspaceFilter(SimpleListFilter):
    """Shows which workspace the list is narrowed to, and the way out; workspaces are too many to list."""

    title = "workspace"
    parameter_name = "workspace"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the chosen workspace alone."""
        chosen = workspace_of(request)
        rows = Workspace.objects.filter(pk=chosen) if chosen is not None else ()
        return [(str(row.pk), row.name) for row in rows]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows of the workspace."""
        chosen = workspace_of(request) if self.value() else None
        return queryset if chosen is None else queryset.filter(workspace_id=chosen)


class ModelFilter(SimpleListFilter):
    """Narrows to a model."""

    title = "model"
    parameter_name = "model"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        """Return all models."""
        return list(Model.objects.values_list("pk", "public_id"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows of the model."""
        value = self.value() or ""
        return queryset.filter(model_id=int(value)) if value.isdigit() else queryset


class ProviderFilter(SimpleListFilter):
    """Narrows to an upstream."""

    title = "upstream"
    parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        """Return all providers."""
        return list(Provider.objects.values_list("pk", "name"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows of the provider."""
        value = self.value() or ""
        return queryset.filter(provider_id=int(value)) if value.isdigit() else queryset


def _next_month(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)


def _days(month: date) -> list[date]:
    last = min(_next_month(month), clock.utc_day(clock.now()) + timedelta(days=1))
    return [month + timedelta(days=number) for number in range((last - month).days)]
