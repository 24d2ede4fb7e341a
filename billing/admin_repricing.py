"""The operator's pages of re-pricings: what is measured, saved as a draft, and applied, in part by a second person."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html

from accounts.models import Workspace
from billing import admin_usage
from billing.admin_filters import WorkspaceFilter
from billing.admin_reprice_forms import APPLY, DISCARD, ApplyForm, RepriceForm
from billing.admin_usage import WORKSPACE, money_column
from billing.models import Reprice, RepriceLine
from billing.repricing import applying, drafts
from billing.repricing.dry_run import DryRun, Line
from billing.repricing.terms import Refused, describe
from catalog.admin_acts import action
from catalog.admin_page import (
    NOTHING,
    DeepPaginator,
    Page,
    ReadOnlyPage,
    Reference,
    figure,
    go_to,
    link,
    moment,
    named,
)

LINES_SHOWN = 200
_AT_ONCE_SECONDS = 10.0  # the rest is done by the sweep


@dataclass(frozen=True)
class _Row:
    """One workspace of a re-pricing as it is shown; money in nano-USD."""

    workspace: str
    requests: int
    moved: int
    charged: int
    repriced: int
    delta: int
    adjustment: str


@dataclass(frozen=True)
class _Panel:
    """The figures of a re-pricing, measured now or saved, with the workspaces that it moves most."""

    heading: str
    requests: int
    workspaces: int
    moved: int
    raised: int
    lowered: int
    lines: list[_Row]
    draft: bool

    @property
    def more(self) -> int:
        """How many workspaces are not shown."""
        return self.workspaces - len(self.lines)


@admin.register(Reprice)
class RepricePage(Page):
    """A re-pricing: measured, saved as a draft, applied once, one adjustment for each workspace."""

    references: ClassVar[dict[str, Reference]] = {
        "created_by": Reference("accounts.User"),
        "applied_by": Reference("accounts.User"),
    }
    form = RepriceForm
    change_form_before_template = "admin/repricing/panel.html"
    list_display = (
        moment("created_at", "Saved", order=True),
        "what",
        "state",
        figure("moved", "Requests moved", lambda row: f"{row.moved:,}"),
        money_column("raised", "Charged more"),
        money_column("lowered", "Given back"),
        named("created_by", "By"),
        named("applied_by", "Applied by"),
        "reason",
    )
    list_filter = ("state",)
    ordering = ("-created_at",)
    actions_detail = ("apply", "discard")
    NEW = (
        (None, {"fields": ("sold", ("begins_at", "ends_at"), "reason")}),
        ("What they should have been charged by", {"fields": ("price_version", ("multiplier", "factor"))}),
    )
    MADE = (
        (None, {"fields": ("what", "reason", "instead", ("state", "two_persons", "charges_more"))}),
        ("By whom", {"fields": (("saved_by", "saved_at"), ("approved_by", "approved_at", "done_at"))}),
    )
    saved_by = staticmethod(named("created_by", "Saved by"))
    approved_by = staticmethod(named("applied_by", "Applied by"))
    saved_at = staticmethod(moment("created_at", "Saved, UTC"))
    approved_at = staticmethod(moment("applied_at", "Applied, UTC"))
    done_at = staticmethod(moment("finished_at", "Done, UTC"))

    def get_fieldsets(self, request: HttpRequest, obj: Reprice | None = None) -> Any:
        """Return what is asked of a new one, and what is told of one that is saved."""
        return self.NEW if obj is None else self.MADE

    def get_readonly_fields(self, request: HttpRequest, obj: Reprice | None = None) -> Any:
        """Return all of one that is saved: its figures are what was decided about."""
        if obj is None:
            return ()
        return [name for _, part in self.MADE for line in part["fields"] for name in ((line,) if isinstance(line, str) else line)]  # fmt: skip

    @admin.display(description="What")
    def what(self, row: Reprice) -> str:
        """Show models and span."""
        return describe(drafts.terms_of(row))

    @admin.display(description="Instead")
    def instead(self, row: Reprice) -> str:
        """Show the price and the factor that should have been."""
        price = f"price version {row.price_version_id}" if row.price_version_id else ""
        ppm = row.multiplier_ppm
        factor = f"multiplier {row.multiplier_id} as {ppm / 1_000_000:g}" if ppm is not None else ""
        return ", ".join(filter(None, (price, factor)))

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> Any:
        """Ask what is re-priced; measure it on request, and then show the figures and ask again."""
        context = {**(extra_context or {}), "measures": True}
        if request.method == "POST" and "_measure" in request.POST and self.has_add_permission(request):
            form = self.get_form(request)(request.POST)
            if form.is_valid():
                context["run"] = _measured(form.run)
                request.GET = request.POST
                request.method = "GET"  # so that it is shown and not saved
        return super().add_view(request, form_url, context)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Return what was filled in before it was measured."""
        found: dict[str, Any] = super().get_changeform_initial_data(request)
        return found | ({"sold": request.GET.getlist("sold")} if "sold" in request.GET else {})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """Show one with its figures and the workspaces that it moves most."""
        row = self.get_object(request, object_id)
        context = {**(extra_context or {}), "run": _saved(row) if row is not None else None}
        return super().change_view(request, object_id, form_url, context)

    def save_model(self, request: HttpRequest, obj: Reprice, form: RepriceForm, change: bool) -> None:
        """Save what was measured as a draft."""
        made = drafts.save(form.run, reason=form.cleaned_data["reason"], by=int(request.user.pk or 0))
        for field in Reprice._meta.concrete_fields:
            setattr(obj, field.attname, getattr(made, field.attname))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: the figures stay as they were measured."""
        return False

    def has_apply_reprice_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Tell whether this operator may move money."""
        return request.user.has_perm("billing.add_ledgertransaction")

    def has_discard_reprice_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Tell whether this operator may set drafts aside."""
        return request.user.has_perm("billing.add_reprice")

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[Any]:
        """Return what can be done with a draft; one that is applied goes on by itself."""
        drafted = Reprice.objects.filter(pk=object_id, state=Reprice.State.DRAFT).exists()
        return list(super().get_actions_detail(request, object_id)) if drafted else []

    @action(description="Apply", permissions=("apply_reprice",), url_path="apply", dialog=APPLY)
    def apply(self, request: HttpRequest, form: ApplyForm, object_id: str) -> HttpResponse:
        """Post what the draft says, in the name of whoever applies it."""
        row = Reprice.objects.get(pk=object_id)
        try:
            applying.begin(row.pk, by=int(request.user.pk or 0), charge_more=form.cleaned_data["charge_more"])
        except (Refused, OperationalError) as refused:
            messages.error(request, str(refused))
        else:
            self.log_change(request, row, f"Applied: {row.raised} nano-USD charged more, {row.lowered} given back. {row.reason}")  # fmt: skip
            done = applying.finish(row.pk, seconds=_AT_ONCE_SECONDS)
            messages.success(request, "Applied." if done else "Under way: the rest is posted within minutes.")
        return go_to(request, reverse("admin:billing_reprice_change", args=[row.pk]))

    @action(description="Discard", permissions=("discard_reprice",), url_path="discard", dialog=DISCARD)
    def discard(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        """Set the draft aside."""
        row = Reprice.objects.get(pk=object_id)
        if drafts.discard(row):
            self.log_change(request, row, f"Discarded: {form.cleaned_data['why']}")
            messages.success(request, "Discarded.")
        return go_to(request, reverse("admin:billing_reprice_changelist"))


@admin.register(RepriceLine)
class RepriceLinePage(ReadOnlyPage):
    """What a re-pricing means for one workspace."""

    references: ClassVar[dict[str, Reference]] = WORKSPACE | {
        "reprice_id": Reference("billing.Reprice"),
    }
    list_display = (
        named("reprice_id", "Re-pricing"),
        named("workspace_id", "Workspace"),
        figure("moved", "Requests moved", lambda row: f"{row.moved:,} of {row.requests:,}"),
        money_column("charged", "Charged"),
        money_column("repriced", "Should be"),
        money_column("delta", "Difference"),
        "adjustment",
    )
    list_display_links = None
    list_filter = (WorkspaceFilter,)
    search_fields = ("reprice_id",)
    search_help_text = "A re-pricing's id, or the slug of a workspace"
    ordering = ("-reprice_id", "workspace_id")
    paginator = DeepPaginator

    @admin.display(description="Adjustment")
    def adjustment(self, line: RepriceLine) -> str:
        """Show the way to what was posted."""
        return _adjustment(line)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Return the lines of the re-pricing with that id, or of the workspace with that slug."""
        return admin_usage.search(request, queryset, search_term, "reprice_id"), False


def _measured(run: DryRun) -> _Panel:
    lines = sorted(run.lines, key=lambda line: -abs(line.delta))[:LINES_SHOWN]
    return _Panel(
        heading=f"Measured: {describe(run.terms)}",
        requests=run.requests,
        workspaces=len(run.lines),
        moved=run.moved,
        raised=run.raised,
        lowered=run.lowered,
        lines=_rows(lines),
        draft=True,
    )


def _saved(row: Reprice) -> _Panel:
    lines = RepriceLine.objects.filter(reprice_id=row.pk)
    largest = sorted(lines, key=lambda line: -abs(line.delta))[:LINES_SHOWN]
    return _Panel(
        heading="As it was measured",
        requests=row.requests,
        workspaces=len(lines),
        moved=row.moved,
        raised=row.raised,
        lowered=row.lowered,
        lines=_rows(largest),
        draft=False,
    )


def _rows(lines: Iterable[Line | RepriceLine]) -> list[_Row]:
    found = list(lines)
    names = Workspace.objects.in_bulk([line.workspace_id for line in found])
    return [
        _Row(
            workspace=link(names[line.workspace_id])
            if line.workspace_id in names
            else f"#{line.workspace_id}",
            requests=line.requests,
            moved=line.moved,
            charged=line.charged,
            repriced=line.repriced,
            delta=line.delta,
            adjustment=_adjustment(line),
        )
        for line in found
    ]


def _adjustment(line: Line | RepriceLine) -> str:
    if not isinstance(line, RepriceLine) or line.transaction_id is None:
        return NOTHING
    address = reverse("admin:billing_ledgertransaction_change", args=[line.transaction_id])
    return format_html('<a class="ref" href="{}">{}</a>', address, "posted")
