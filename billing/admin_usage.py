"""The operator's pages of usage: requests, open requests, failed tries, daily sums and workers; all read-only."""

from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.dataclasses import ActionDialog
from unfold.decorators import action

from billing import figures
from billing.admin_amounts import CreditForm, told
from billing.admin_filters import (
    DayFilter,
    ModelFilter,
    ProviderFilter,
    TimeFilter,
    WorkspaceFilter,
    workspace_of,
)
from billing.admin_receipt import receipt_of
from billing.models import (
    Admission,
    Attempt,
    DailyUsage,
    UsageBucket,
    UsageEvent,
    Worker,
)
from billing.moves import desk
from billing.templatetags.figures import money
from catalog import pricing
from catalog.admin_page import DeepPaginator, ReadOnlyPage, Reference, figure, go_to, moment, named
from kernel import ids

__all__ = ["WORKSPACE", "FoundPage", "money_column", "search"]

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


@admin.register(UsageEvent)
class EventPage(UsagePage):
    """A request that was settled, with how its charge came about."""

    references: ClassVar[dict[str, Reference]] = NAMES | {
        "chain_id": Reference("catalog.Chain", ("model",)),
        "endpoint_id": Reference("catalog.Endpoint", ("provider",)),
        "price_version_id": Reference("catalog.PriceVersion", ("model",)),
    }
    list_display = (
        moment("admitted_at", "Admitted"),
        named("workspace_id", "Workspace"),
        named("model_id", "Model"),
        named("provider_id", "Upstream"),
        "outcome",
        *TOKENS,
        money_column("cost", "Charge"),
        figure("latency", "Took", lambda event: figures.milliseconds(event.latency_ms)),
        "tag",
    )
    list_filter = (
        TimeFilter,
        WorkspaceFilter,
        "status",
        ModelFilter,
        ProviderFilter,
        "usage_source",
        "suspect",
    )
    search_help_text = "A request's id, or the slug of a workspace"
    ordering = ("-id",)
    fieldsets = (
        (None, {"fields": (("outcome", moment("admitted_at", "Admitted")), (named("workspace_id", "Workspace"), named("api_key_id", "Key")), (named("model_id", "Model"), named("provider_id", "Upstream")))}),
        ("How this charge came about", {"fields": ("receipt", (named("price_version_id", "Price version"), "usage_source"), (money_column("provider_cost", "Upstream bills us"), money_column("hold", "Held at admission")))}),
        ("The way it took", {"fields": ((named("chain_id", "Chain"), named("endpoint_id", "Endpoint")), ("upstream_model", "attempts", "stream"), ("finish_reason", "error_code"), ("ttfb_ms", "latency_ms"))}),
        ("Record", {"fields": (("request_id", "rev"), ("charge_no", "minute_no", "weight"), ("tag", "doubted", moment("recorded_at", "Recorded")))}),
    )  # fmt: skip
    actions_detail = ("credit",)

    def has_credit_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Tell whether this operator may post to the ledger."""
        return request.user.has_perm("billing.add_ledgertransaction")

    @action(
        description="Give back",
        permissions=("credit",),
        url_path="credit",
        dialog=ActionDialog(
            title="Give back what this request cost?",
            description="All of it or a part, once: never more than it cost. The customer reads the reason.",
            form_class=CreditForm,
            form_submit_text="Give back",
        ),
    )  # type: ignore[untyped-decorator]
    def credit(self, request: HttpRequest, form: CreditForm, object_id: str) -> HttpResponse:
        """Ask for the credit; a large one waits for somebody else."""
        event = UsageEvent.objects.get(pk=object_id)
        try:
            move = form.ask(event.workspace_id, event.request_id, by=str(request.user))
        except desk.NotAllowed as error:
            messages.error(request, str(error))
            return go_to(request, reverse("admin:billing_usageevent_change", args=[event.pk]))
        self.log_change(request, event, f"Asked for credit {move.pk}: {move.reason}")
        return told(request, move)

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Return newest first, by whichever index the list is narrowed to."""
        return ("-id",) if workspace_of(request) is None else ("-charge_no", "-id")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[UsageEvent], search_term: str
    ) -> tuple[QuerySet[UsageEvent], bool]:
        """Return the revisions of a request, or the requests of the workspace with that slug."""
        try:
            asked = UUID(search_term.strip())
        except ValueError:
            return search(request, queryset, search_term, "id"), False
        request_id = UUID(int=asked.int & ~_LAST_REVISION)
        return queryset.filter(id__range=(request_id, ids.revision_id(request_id, _LAST_REVISION))), False

    @admin.display(description="Outcome")
    def outcome(self, event: UsageEvent) -> SafeString:
        """Show the badge that customers see."""
        kind = {"ok": "", "failed": " failed"}.get(event.status, " cut")
        detail = f" {event.http_status}" if event.http_status >= 400 else ""
        return format_html('<span class="badge{}">{}{}</span>', kind, event.get_status_display(), detail)

    @admin.display(description="Suspect")
    def doubted(self, event: UsageEvent) -> str:
        """Show in a word whether the upstream's figures were impossible or incomplete."""
        return "yes" if event.suspect else "no"

    @admin.display(description="Receipt")
    def receipt(self, event: UsageEvent) -> SafeString | str:
        """Show how the whole request is charged, over all its revisions: classes at their price, factors, charge."""
        return receipt_of(event)


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
    list_filter = (WorkspaceFilter, ProviderFilter)
    search_fields = ("request_id",)
    search_help_text = "A request's id, or the slug of a workspace"
    ordering = ("-id",)


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
    """The base of pages of sums: by workspace, then newest first, as their index lies."""

    search_help_text = "The slug of a workspace"


@admin.register(DailyUsage)
class DailyPage(SumsPage):
    """What a key used of a model at an upstream on one UTC day."""

    list_display = (moment("day", "UTC day"), *SUMS)
    list_filter = (WorkspaceFilter, DayFilter, ModelFilter, ProviderFilter)
    ordering = ("-workspace_id", "-day")


@admin.register(UsageBucket)
class BucketPage(SumsPage):
    """The same per quarter of an hour, kept 90 days."""

    list_display = (moment("starts_at", "From"), *SUMS)
    list_filter = (WorkspaceFilter, ModelFilter, ProviderFilter)
    ordering = ("-workspace_id", "-starts_at")


@admin.register(Worker)
class WorkerPage(ReadOnlyPage):
    """A gateway process that holds leases."""

    list_display = ("__str__", moment("started_at", "Started"), moment("heartbeat_at", "Heard"), "draining")
    list_filter = ("draining",)
    ordering = ("-started_at",)
