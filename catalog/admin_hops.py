"""The hops on the page of their chain: filled in and dragged in a draft, only shown in what was live."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from .admin_page import NOTHING, Inline
from .models import Chain, Hop

__all__ = ["HopsInline", "is_draft"]

LAST = 32_767
LABELS = {
    "position": "Place",
    "endpoint": "Endpoint",
    "upstream_model": "Model there",
    "plan_ranks_from": "From rank",
    "weight": "Weight",
    "tool_ids_local": "Own ids",
    "first_byte_seconds": "First byte, s",
    "idle_seconds": "Idle, s",
    "total_seconds": "In all, s",
}


def is_draft(chain: Chain | None) -> bool:
    """Tell whether a version can be changed; one that is not there yet can."""
    return chain is None or chain.status == Chain.Status.DRAFT


class HopForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """A hop; a place that is left empty is the last one, and places are numbered anew when all are saved."""

    class Meta:
        model = Hop
        fields = tuple(LABELS)
        labels = LABELS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "position" in self.fields:
            self.fields["position"].required = False
        if "endpoint" in self.fields:
            wrapper = self.fields["endpoint"].widget
            # Endpoints have pages of their own; the menu would take the room of the model's name.
            wrapper.can_add_related = wrapper.can_change_related = wrapper.can_view_related = False

    def clean_position(self) -> int:
        """Return the place, or one behind all others."""
        place = self.cleaned_data.get("position")
        return LAST if place is None else int(place)

    def _get_validation_exclusions(self) -> set[str]:
        # Hops that change places hold each other's for a moment; the database looks when all are saved.
        return super()._get_validation_exclusions() | {"position"}  # type: ignore[no-any-return, misc]


class HopsInline(Inline):
    """The hops of a chain, in order; they change only while it is a draft."""

    model = Hop
    form = HopForm
    hide_title = True
    ordering = ("position",)
    autocomplete_fields = ("endpoint",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Hop]:
        """Return the hops with what their endpoints' names need."""
        rows: QuerySet[Hop] = super().get_queryset(request)
        return rows.select_related("endpoint__provider")

    def get_formset(self, request: HttpRequest, obj: Chain | None = None, **options: Any) -> Any:
        """Return the formset, whose rows can be dragged in a draft."""
        self.ordering_field = "position" if is_draft(obj) else None
        return super().get_formset(request, obj, **options)

    def get_fields(self, request: HttpRequest, obj: Chain | None = None) -> tuple[str, ...]:
        """Return the columns: what can be filled in, or what is so."""
        shown = ("position", "endpoint", "upstream_model", "plan_ranks_from", "weight", "own_ids", "waits")
        return tuple(LABELS) if is_draft(obj) else shown

    def get_readonly_fields(self, request: HttpRequest, obj: Chain | None = None) -> tuple[str, ...]:
        """Return the columns that are only shown."""
        return () if is_draft(obj) else ("own_ids", "waits")

    @admin.display(description="Tool ids it knows")
    def own_ids(self, hop: Hop) -> str:
        """Show whether it knows only the tool calls it made itself."""
        return "only its own" if hop.tool_ids_local else "all"

    @admin.display(description="First byte, idle, in all")
    def waits(self, hop: Hop) -> str:
        """Show the waits that differ from the endpoint's, in seconds."""
        seconds = (hop.first_byte_seconds, hop.idle_seconds, hop.total_seconds)
        if not any(seconds):
            return "as the endpoint"
        return ", ".join(NOTHING if each is None else f"{each} s" for each in seconds)

    def has_add_permission(self, request: HttpRequest, obj: Chain | None = None) -> bool:
        """Allow it in a draft."""
        return is_draft(obj) and super().has_add_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Chain | None = None) -> bool:
        """Allow it in a draft."""
        return is_draft(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Chain | None = None) -> bool:
        """Allow it in a draft."""
        return is_draft(obj) and super().has_delete_permission(request, obj)
