"""The operator's page of requests: what there was above the list, and of each one how it went and came to its charge."""

from typing import Any, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.dataclasses import ActionDialog

from billing import figures, volume
from billing.admin_amounts import CreditForm, told
from billing.admin_filters import workspace_of
from billing.admin_receipt import receipt_of
from billing.admin_requests_bars import drawn
from billing.admin_requests_filters import FILTERS, UNSUMMED
from billing.admin_usage import NAMES, TOKENS, UsagePage, money_column, of_request
from billing.admin_windows import EventTimeFilter
from billing.models import Attempt, UsageEvent
from billing.moves import desk
from billing.waterfall import waterfall
from catalog.admin_acts import action
from catalog.admin_lists import PreparedChangeList
from catalog.admin_page import NOTHING, Reference, badge, figure, go_to, moment, named
from catalog.admin_patience import patient
from catalog.models import Provider
from kernel import clock, ids

_LAST_REVISION = 255


class RequestList(PreparedChangeList):
    """The list, with the bars and sums of its time above it."""

    def get_results(self, request: HttpRequest) -> None:
        """Fetch the rows, and what there was in their time."""
        super().get_results(request)
        chosen = {type(spec): spec for spec in self.filter_specs}
        span = chosen[EventTimeFilter].span()
        now = clock.now()
        begins, ends = span if span is not None else (now - volume.BY_QUARTERS, now)
        found = volume.posted(
            begins,
            min(ends, now),
            workspace_id=workspace_of(request),
            **{
                f"{name}_id": _number(request, parameter)
                for name, parameter in (("api_key", "key"), ("model", "model"), ("provider", "provider"))
            },
        ).volume()
        self.volume, self.bars = found, drawn(found)
        self.bars_of = "" if span is not None else "Bars and sums are of the last 8 days."
        names = [spec.title for kind, spec in chosen.items() if kind in UNSUMMED and spec.value()]
        self.beside = ", ".join(map(str, names))
        kept = {name: request.GET[name] for name in ("day", "workspace", "q") if request.GET.get(name)}
        self.refused_query = f"?{urlencode(kept)}" if kept else ""


def _number(request: HttpRequest, parameter: str) -> int | None:
    value = request.GET.get(parameter, "")
    return min(int(value), 2**63 - 1) if value.isascii() and value.isdigit() else None


@admin.register(UsageEvent)
class RequestPage(UsagePage):
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
    list_filter = FILTERS
    list_before_template = "admin/requests/above.html"
    change_form_before_template = "admin/requests/detail.html"
    search_help_text = "A request's id, or the slug of a workspace"
    ordering = ("-id",)
    fieldsets = (
        (None, {"fields": (("outcome", moment("admitted_at", "Admitted")), (named("workspace_id", "Workspace"), named("api_key_id", "Key")), (named("model_id", "Model"), named("provider_id", "Upstream")))}),
        ("How this charge came about", {"fields": ("receipt", (named("price_version_id", "Price version"), "usage_source"), (money_column("provider_cost", "Upstream bills us"), money_column("hold", "Held at admission")))}),
        ("The way it took", {"fields": ((named("chain_id", "Chain"), named("endpoint_id", "Endpoint")), ("upstream_model", "attempts", "streamed"), ("finish_reason", "error_code"), (figure("first", "First token", lambda event: NOTHING if event.ttfb_ms is None else figures.milliseconds(event.ttfb_ms)), figure("latency", "Took", lambda event: figures.milliseconds(event.latency_ms))))}),
        ("Record", {"fields": (("request_id", "rev"), ("charge_no", "minute_no", "weight"), ("tag", "doubted", moment("recorded_at", "Recorded")))}),
    )  # fmt: skip
    actions_detail = ("credit",)

    def has_credit_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Tell whether this operator may ask for credit: a large one is posted by somebody else."""
        return request.user.has_perm("billing.add_move")

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
    )
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
        found = of_request(request, queryset, search_term)
        try:
            UUID(search_term.strip())
        except ValueError:
            return found.filter(rev=0), False  # a correction is no further request
        return found, False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[RequestList]:
        """Return the kind of list that has bars above it."""
        return RequestList

    @patient
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        """Show a request with how it went."""
        event = self.get_object(request, object_id or "")
        context = {**(extra_context or {}), "panel": None if event is None else _panel(event)}
        return super().changeform_view(request, object_id, form_url, context)

    @admin.display(description="Outcome")
    def outcome(self, event: UsageEvent) -> SafeString:
        """Show the badge that customers see."""
        kind = {"ok": "", "failed": "failed"}.get(event.status, "cut")
        detail = f" {event.http_status}" if event.http_status >= 400 else ""
        return badge(kind, f"{event.get_status_display()}{detail}")

    @admin.display(description="Suspect")
    def doubted(self, event: UsageEvent) -> str:
        """Show in a word whether the upstream's figures were impossible or incomplete."""
        return "yes" if event.suspect else "no"

    @admin.display(description="Streamed")
    def streamed(self, event: UsageEvent) -> str:
        """Show in a word whether the answer was a stream."""
        return "yes" if event.stream else "no"

    @admin.display(description="Receipt")
    def receipt(self, event: UsageEvent) -> SafeString | str:
        """Show how the whole request is charged, over all its revisions: classes at their price, factors, charge."""
        return receipt_of(event)


def _panel(event: UsageEvent) -> dict[str, Any]:
    span = (event.request_id, ids.revision_id(event.request_id, _LAST_REVISION))
    failed = list(Attempt.objects.filter(workspace_id=event.workspace_id, id__range=span).order_by("id"))
    names = dict(
        Provider.objects.filter(
            pk__in={event.provider_id, *(each.provider_id for each in failed)}
        ).values_list("pk", "slug")
    )
    return {
        "event": event,
        "waterfall": waterfall(event, failed, names),
        "customer": reverse("admin:accounts_workspace_change", args=[event.workspace_id]),
        "revisions": f"{reverse('admin:billing_usageevent_changelist')}?q={event.request_id}",
    }
