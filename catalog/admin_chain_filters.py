"""How the operator's list of chains is narrowed: to the versions in one state, as the list names the states."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from .models import Chain

__all__ = ["StateFilter"]

_DRAFT = Q(status=Chain.Status.DRAFT)
STATES = {
    "draft": _DRAFT & Q(publish_at=None, refusal=""),
    "scheduled": _DRAFT & Q(publish_at__isnull=False),
    "refused": _DRAFT & Q(publish_at=None) & ~Q(refusal=""),
    "live": Q(status=Chain.Status.LIVE),
    "retired": Q(status=Chain.Status.RETIRED),
}


class StateFilter(admin.SimpleListFilter):
    """Versions that wait, that were refused at their moment, that are live or were."""

    title = "status"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the states in the order of a version's life."""
        return [(state, state.capitalize()) for state in STATES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Chain]) -> QuerySet[Chain]:
        """Return the versions in the chosen state, all for one that there is not."""
        return queryset.filter(STATES.get(self.value() or "", Q()))
