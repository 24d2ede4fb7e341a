"""How the operator's list of proposals is narrowed: by what became of them, and by how far they move."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from .models import Proposal
from .proposals.figures import PPM

__all__ = ["SizeFilter", "StateFilter"]

_OPEN = Q(status=Proposal.Status.OPEN)
STATES = {
    "held": ("Wait for a second person", _OPEN & Q(first_by__isnull=False)),
    "approved": ("Approved", Q(status=Proposal.Status.APPROVED)),
    "rejected": ("Rejected", Q(status=Proposal.Status.REJECTED)),
    "withdrawn": ("Withdrawn", Q(status=Proposal.Status.WITHDRAWN)),
    "all": ("All", Q()),
}
_TENTH, _HALF = PPM // 10, PPM // 2
SIZES = {
    "small": ("Up to 10 %", Q(move_ppm__gte=-_TENTH, move_ppm__lte=_TENTH)),
    "middle": (
        "10 to 50 %",
        Q(move_ppm__gt=_TENTH, move_ppm__lte=_HALF) | Q(move_ppm__lt=-_TENTH, move_ppm__gte=-_HALF),
    ),
    "large": ("More than 50 %", Q(move_ppm__gt=_HALF) | Q(move_ppm__lt=-_HALF)),
    "untold": ("From nothing, from or to zero, or no figure", Q(move_ppm__isnull=True)),
}


class StateFilter(admin.SimpleListFilter):
    """The open ones unless others are asked for: a list of what waits is what a day begins with."""

    title = "status"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the states beside "open"."""
        return [(state, label) for state, (label, _) in STATES.items()]

    def choices(self, changelist: Any) -> Iterator[Any]:
        """Return the choices; the first is the one without a parameter."""
        first, *rest = super().choices(changelist)
        yield {**first, "display": "Open"}
        yield from rest

    def queryset(self, request: HttpRequest, queryset: QuerySet[Proposal]) -> QuerySet[Proposal]:
        """Return the proposals in the chosen state."""
        return queryset.filter(STATES.get(self.value() or "", ("", _OPEN))[1])


class SizeFilter(admin.SimpleListFilter):
    """By the greatest move of a proposal."""

    title = "size"
    parameter_name = "size"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the sizes."""
        return [(size, label) for size, (label, _) in SIZES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Proposal]) -> QuerySet[Proposal]:
        """Return the proposals of the chosen size, all for one that there is not."""
        return queryset.filter(SIZES.get(self.value() or "", ("", Q()))[1])
