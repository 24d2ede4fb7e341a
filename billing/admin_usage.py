"""The operator's pages of usage beside its requests: open ones, failed tries, sums and workers; all read-only."""

from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from billing import figures
from billing.admin_filters import ModelFilter, ProviderFilter, WorkspaceFilter, workspace_of
from billing.admin_windows import DayFilter, QuarterFilter, TimeFilter
from billing.models import (
    Admission,
    Attempt,
    DailyUsage,
    UsageBucket,
    Worker,
)
from billing.templatetags.figures import money
from catalog import pricing
from catalog.admin_page import DeepPaginator, ReadOnlyPage, Reference, figure, moment, named
from kernel import ids

__all__ = ["NAMES", "TOKENS", "WORKSPACE", "FoundPage", "UsagePage", "money_column", "of_request", "search"]

WORKSPACE = {"workspace_id": Reference("accounts.Workspace")}
NAMES = WORKSPACE | {
    "api_key_id": Reference("accounts.ApiKey"),
    "model_id": Reference("catalog.Model"),
    "provider_id": Reference("catalog.Provider"),
}
_LAST_REVISION = 255


def money_column(name: str, label: str) -> Callable[[Any], Any]:
    """Return a list column that shows nano-USD of a field to the last digit."""
    return figure(name, label, lambda row: money(getattr(row, name), 9))


def search(request: HttpRequest, rows: QuerySet[Any], term: str, column: str) -> QuerySet[Any]:
    """Return the rows whose column is the id that was typed, else those of the workspace with that slug."""
    if not term:
        return rows
    try:
        asked = UUID(term.strip())
    except ValueError:
        return rows.filter(workspace_id=workspace_of(request) or 0)
    return rows.filter(**{column: asked}) if column != "workspace_id" else rows.none()


def of_request(request: HttpRequest, rows: QuerySet[Any], term: str) -> QuerySet[Any]:
    """Return the rows whose own ids are a request's with a number in the last byte, or those of a workspace's slug."""
    try:
        asked = UUID(term.strip())
    except ValueError:
        return search(request, rows, term, "id")
    first = UUID(int=asked.int & ~_LAST_REVISION)
    return rows.filter(id__range=(first, ids.revision_id(first, _LAST_REVISION)))


def _tokens_in(row: Any) -> int:
    return sum(getattr(row, f"{name}_tokens") for name in pricing.PROMPT_CLASSES)


def _tokens_out(row: Any) -> int:
    return sum(getattr(row, f"{name}_tokens") for name in pricing.OUTPUT_CLASSES)


TOKENS = (
    figure("tokens_in", "Tokens in", lambda row: figures.count(_tokens_in(row))),
    figure("tokens_out", "Tokens out", lambda row: figures.count(_tokens_out(row))),
)


class FoundPage(ReadOnlyPage):
    """The base of pages of many workspaces' rows: found by the id that `search_fields` names, or by a workspace's slug."""

    references: ClassVar[dict[str, Reference]] = WORKSPACE
    paginator = DeepPaginator
    search_fields: tuple[str, ...] = ("id",)
    search_help_text = "An id, or the slug of a workspace"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return the rows with that id, or those of the workspace with that slug."""
        return search(request, queryset, search_term, self.search_fields[0]), False


class UsagePage(FoundPage):
    """The base of pages whose rows name workspace, key, model and upstream by number."""

    references: ClassVar[dict[str, Reference]] = NAMES


@admin.register(Admission)
class AdmissionPage(UsagePage):
    """A request that is open now, with its hold."""

    list_display = (
        moment("admitted_at", "Admitted"),
        named("workspace_id", "Workspace"),
        named("model_id", "Model"),
        named("provider_id", "Upstream"),
        money_column("hold", "Held"),
        "stream",
        figure("progress_input", "In so far", lambda row: figures.count(row.progress_input)),
        figure("progress_output", "Out so far", lambda row: figures.count(row.progress_output)),
        "tag",
    )
    list_filter = (WorkspaceFilter, ModelFilter, "stream")
    search_fields = ("request_id",)
    search_help_text = "A request's id, or the slug of a workspace"
    ordering = ("-request_id",)


@admin.register(Attempt)
class AttemptPage(FoundPage):
    """A try at an upstream that did not serve its request."""

    references: ClassVar[dict[str, Reference]] = WORKSPACE | {
        "provider_id": Reference("catalog.Provider"),
        "endpoint_id": Reference("catalog.Endpoint", ("provider",)),
    }
    list_display = (
        moment("started_at", "Started"),
        named("workspace_id", "Workspace"),
        named("provider_id", "Upstream"),
        "upstream_model",
        "number",
        "outcome",
        "http_status",
        figure("took", "Took", lambda row: figures.milliseconds(row.milliseconds)),
    )
    list_filter = (TimeFilter, WorkspaceFilter, ProviderFilter)
    search_fields = ("id",)
    search_help_text = "A request's id, or the slug of a workspace"
    ordering = ("-id",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Attempt], search_term: str
    ) -> tuple[QuerySet[Attempt], bool]:
        """Return the tries of a request, or those of the workspace with that slug."""
        return of_request(request, queryset, search_term), False


SUMS = (
    named("workspace_id", "Workspace"),
    named("api_key_id", "Key"),
    named("model_id", "Model"),
    named("provider_id", "Upstream"),
    figure("requests", "Requests", lambda row: figures.count(row.requests)),
    figure("failed", "Failed", lambda row: figures.count(row.failed)),
    *TOKENS,
    money_column("cost", "Charge"),
    money_column("provider_cost", "Upstream"),
    "tag",
)


class SumsPage(UsagePage):
    """The base of pages of sums, newest first."""

    search_help_text = "The slug of a workspace"


@admin.register(DailyUsage)
class DailyPage(SumsPage):
    """What a key used of a model at an upstream on one UTC day."""

    list_display = (moment("day", "UTC day"), *SUMS)
    list_filter = (DayFilter, WorkspaceFilter, ModelFilter, ProviderFilter)
    ordering = ("-day", "-workspace_id", "-id")


@admin.register(UsageBucket)
class BucketPage(SumsPage):
    """The same per quarter of an hour, kept 90 days."""

    list_display = (moment("starts_at", "From"), *SUMS)
    list_filter = (QuarterFilter, WorkspaceFilter, ModelFilter, ProviderFilter)
    ordering = ("-starts_at", "-id")


@admin.register(Worker)
class WorkerPage(ReadOnlyPage):
    """A gateway process that holds leases."""

    list_display = ("__str__", moment("started_at", "Started"), moment("heartbeat_at", "Heard"), "draining")
    list_filter = ("draining",)
    ordering = ("-started_at",)
