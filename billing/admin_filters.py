"""How lists of many workspaces' rows are narrowed: by workspace, model and upstream, whose names are few."""

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.models import Workspace
from catalog.models import Model, Provider

__all__ = ["ModelFilter", "ProviderFilter", "WorkspaceFilter", "workspace_of"]

_GREATEST = 2**63 - 1


def workspace_of(request: HttpRequest) -> int | None:
    """Return the workspace that a list is narrowed to, by its filter or by a search for its slug."""
    chosen = request.GET.get("workspace", "")
    if chosen.isascii() and chosen.isdigit():
        return min(int(chosen), _GREATEST)
    slug = request.GET.get("q", "").strip().lower()
    if not slug:
        return None
    known: dict[str, int | None] = request.__dict__.setdefault("workspaces_found", {})
    if slug not in known:
        known[slug] = Workspace.objects.filter(slug=slug).values_list("pk", flat=True).first()
    return known[slug]


class WorkspaceFilter(SimpleListFilter):
    """Shows which workspace the list is narrowed to, and the way out; workspaces are too many to list."""

    title = "workspace"
    parameter_name = "workspace"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the chosen workspace alone, known or not: without a choice Django would leave the filter out."""
        chosen = workspace_of(request)
        if chosen is None:
            return []
        known = Workspace.objects.filter(pk=chosen).values_list("name", flat=True).first()
        return [(str(chosen), known or f"#{chosen}")]

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
        return queryset.filter(model_id=int(value)) if value.isascii() and value.isdigit() else queryset


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
        return queryset.filter(provider_id=int(value)) if value.isascii() and value.isdigit() else queryset
