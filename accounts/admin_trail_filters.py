"""How the trail is narrowed, each way by an index of its own: who, what kind of row, which workspace, when."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst

from kernel import clock

from .models import TrailRow, User, Workspace

__all__ = ["ActorFilter", "KindFilter", "ObjectFilter", "WhenFilter", "WorkspaceFilter", "found"]

Rows = QuerySet[TrailRow]
SPANS = {
    "1": ("Last 24 hours", timedelta(days=1)),
    "7": ("Last 7 days", timedelta(days=7)),
    "30": ("Last 30 days", timedelta(days=30)),
    "90": ("Last 90 days", timedelta(days=90)),
}


class ActorFilter(SimpleListFilter):
    """Narrows to one operator."""

    title = "who"
    parameter_name = "actor"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        """Return the operators."""
        return list(User.objects.filter(is_staff=True).order_by("email").values_list("pk", "email")[:200])

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        """Return what that person did."""
        value = self.value() or ""
        return queryset.filter(actor_id=int(value)) if value.isdecimal() else queryset


class KindFilter(SimpleListFilter):
    """Narrows to one kind of row."""

    title = "what"
    parameter_name = "model"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return every kind that has a page."""
        kinds = (model._meta for model in admin.site._registry)
        return sorted(
            ((kind.label_lower, capfirst(str(kind.verbose_name))) for kind in kinds),
            key=lambda kind: kind[1],
        )

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        """Return what was done to rows of that kind."""
        return queryset.filter(model=self.value()) if self.value() else queryset


class _Chosen(SimpleListFilter):
    """Shows what the list is narrowed to, and the way out; the choices are too many to list."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the chosen one alone."""
        chosen = request.GET.get(str(self.parameter_name), "")
        return [(chosen, self.name_of(chosen))] if chosen else []

    def name_of(self, chosen: str) -> str:
        """Return what the chosen one is called."""
        return f"#{chosen}"


class ObjectFilter(_Chosen):
    """Narrows to one row, by its number; what kind it is says the filter beside."""

    title = "row"
    parameter_name = "object"

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        """Return what was done to that row."""
        return queryset.filter(object_id=self.value()) if self.value() else queryset


class WorkspaceFilter(_Chosen):
    """Narrows to one workspace with all that belongs to it."""

    title = "workspace"
    parameter_name = "workspace"

    def name_of(self, chosen: str) -> str:
        """Return the workspace's name."""
        row = Workspace.objects.filter(pk=chosen).first() if chosen.isdecimal() else None
        return row.name if row is not None else "none"

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        """Return what was done to it."""
        value = self.value() or ""
        return queryset.filter(workspace_id=int(value)) if value.isdecimal() else queryset


class WhenFilter(SimpleListFilter):
    """Narrows to the last days."""

    title = "when"
    parameter_name = "days"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the spans."""
        return [(days, name) for days, (name, _) in SPANS.items()]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        """Return what was done since."""
        span = SPANS.get(self.value() or "")
        return queryset if span is None else queryset.filter(at__gte=self._since(span[1]))

    @staticmethod
    def _since(span: timedelta) -> datetime:
        return clock.now() - span


def found(rows: Rows, words: str) -> Rows:
    """Return the rows of whom or what words name: an operator's address, a workspace's slug, or a row's own number."""
    person = User.objects.filter(email=words.lower()).values_list("pk", flat=True).first()
    if person is not None:
        return rows.filter(actor_id=person)
    workspace = Workspace.objects.filter(slug=words.lower()).values_list("pk", flat=True).first()
    if workspace is not None:
        return rows.filter(workspace_id=workspace)
    return rows.filter(pk=int(words)) if words.isdecimal() and len(words) < 19 else rows.none()
