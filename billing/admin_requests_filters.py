"""By what the operator's list of requests is narrowed within its time: key, outcome, size, charge, duration, provenance."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.models import ApiKey
from billing.models import UsageEvent
from kernel import money

from .admin_filters import ModelFilter, ProviderFilter, WorkspaceFilter, workspace_of
from .admin_windows import EventTimeFilter

__all__ = ["FILTERS", "UNSUMMED", "KeyFilter"]

_MOST_KEYS = 100


class KeyFilter(SimpleListFilter):
    """Narrows to a key; those of the chosen workspace are offered."""

    title = "key"
    parameter_name = "key"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the keys of the workspace that the list is narrowed to, and the chosen one, known or not."""
        chosen, workspace = request.GET.get("key", ""), workspace_of(request)
        asked = int(chosen) if chosen.isascii() and chosen.isdigit() else 0
        rows = (
            ApiKey.objects.filter(pk=asked)
            if workspace is None
            else ApiKey.objects.filter(workspace_id=workspace)
        )
        known = {str(row.pk): str(row) for row in rows[:_MOST_KEYS]}
        return [*known.items(), *([(chosen, f"#{chosen}")] if asked and chosen not in known else [])]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the requests of the key."""
        value = self.value() or ""
        return queryset.filter(api_key_id=int(value)) if value.isascii() and value.isdigit() else queryset


class _Among(SimpleListFilter):
    """Narrows to one of a few things that are known without asking the table."""

    known: ClassVar[Sequence[tuple[str, str]]] = ()
    narrow: Any

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, str]]:
        """Return what there is."""
        return self.known

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the requests of the chosen kind."""
        value = self.value()
        return type(self).narrow(queryset, value) if value in dict(self.known) else queryset


class StatusFilter(_Among):
    """By what became of it."""

    title = "status"
    parameter_name = "status"
    known = UsageEvent.Status.choices
    narrow = staticmethod(lambda rows, value: rows.filter(status=value))


class EndFilter(_Among):
    """By how the answer ended."""

    title = "how it ended"
    parameter_name = "end"
    known = (
        ("stop", "Finished"),
        ("length", "At its length"),
        ("tool_calls", "With tool calls"),
        ("content_filter", "Filtered"),
        ("cut", "Cut off"),
    )
    narrow = staticmethod(
        lambda rows, value: (
            rows.filter(finish_reason="") if value == "cut" else rows.filter(finish_reason=value)
        )
    )


class SourceFilter(_Among):
    """By who counted its tokens."""

    title = "tokens counted by"
    parameter_name = "source"
    known = (
        ("upstream", "The upstream"),
        ("counted", "Tollway"),
        ("checkpoint", "The last checkpoint"),
        ("bound", "The bound held"),
        ("none", "Nothing came"),
    )
    narrow = staticmethod(lambda rows, value: rows.filter(usage_source=value))


class SuspectFilter(_Among):
    """By whether the upstream's figures were impossible or incomplete; these have an index."""

    title = "upstream's figures"
    parameter_name = "suspect"
    known = (("yes", "Doubted"),)
    narrow = staticmethod(lambda rows, value: rows.filter(suspect=True))


class OutputFilter(_Among):
    """By the tokens that came out."""

    title = "tokens out"
    parameter_name = "out"
    known = (("0", "None"), ("1000", "1,000 and more"), ("10000", "10,000 and more"))
    narrow = staticmethod(
        lambda rows, value: (
            rows.filter(output_tokens=0, reasoning_tokens=0)
            if value == "0"
            else rows.filter(output_tokens__gte=int(value))
        )
    )


class ChargeFilter(_Among):
    """By what it cost the customer."""

    title = "charge"
    parameter_name = "charge"
    known = (
        ("0", "Not charged"),
        ("0.01", "$0.01 and more"),
        ("0.10", "$0.10 and more"),
        ("1", "$1 and more"),
    )
    narrow = staticmethod(
        lambda rows, value: (
            rows.filter(cost=0) if value == "0" else rows.filter(cost__gte=money.from_usd(value))
        )
    )


class LatencyFilter(_Among):
    """By how long it took."""

    title = "took"
    parameter_name = "took"
    known = (
        ("1000", "1 s and more"),
        ("5000", "5 s and more"),
        ("30000", "30 s and more"),
        ("120000", "2 min and more"),
    )
    narrow = staticmethod(lambda rows, value: rows.filter(latency_ms__gte=int(value)))


UNSUMMED = (StatusFilter, EndFilter, SourceFilter, SuspectFilter, OutputFilter, ChargeFilter, LatencyFilter)
"""Those that no sum is kept by: the bars above the list show all requests of the time."""

FILTERS = (EventTimeFilter, WorkspaceFilter, KeyFilter, ModelFilter, ProviderFilter, *UNSUMMED)
