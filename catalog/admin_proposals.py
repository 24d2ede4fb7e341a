"""The operator's pages of what others list: proposals to decide about, comparisons that were made, models that were seen."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.enums import ActionVariant

from .admin_acts import Dialog, action
from .admin_page import NOTHING, Panelled, ReadOnlyPage, figure, go_to, link, moment, stack
from .admin_proposal_filters import SizeFilter, StateFilter
from .admin_proposal_forms import APPROVE, COMPARE, REJECT
from .admin_proposal_panel import Panel, badge, panel
from .models import Comparison, ListedModel, Proposal, Source
from .proposals import comparisons, deciding, telling

__all__: list[str] = []

LINES_IN_A_LIST = 3


@admin.register(Proposal)
class ProposalPage(Panelled, ReadOnlyPage):
    """What differs from what others list, and waits for somebody's yes or no."""

    list_display = (
        "named",
        "kind",
        "provider",
        "change",
        figure(
            "move", "Greatest move", lambda row: telling.move_text(row.move_ppm) or NOTHING, order="move_ppm"
        ),
        "state",
        moment("raised_at", "Compared", order=True),
    )
    list_filter = (
        StateFilter,
        "kind",
        ("provider", admin.RelatedOnlyFieldListFilter),
        SizeFilter,
        "needs_two",
        "source",
    )
    list_select_related = ("provider", "model")
    search_fields = ("upstream_model", "model__public_id", "model__name", "provider__slug")
    search_help_text = "Model, what it is called there, or provider"
    fields = (("provider", "source"), ("model_link", "upstream_model"), ("kind", "state"))
    readonly_fields = ("model_link", "state")
    change_form_before_template = "admin/proposals/panel.html"
    actions_detail = ("approve", "reject")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Proposal]:
        """Return the proposals with what came of them."""
        rows: QuerySet[Proposal] = super().get_queryset(request)
        return rows.select_related(
            "provider", "model", "cost_version__model", "sell_version__model", "drafted__model"
        )

    @admin.display(description="Model", ordering="upstream_model")
    def named(self, proposal: Proposal) -> str:
        """Show our id, or what the model is called there."""
        return proposal.model.public_id if proposal.model is not None else proposal.upstream_model

    @admin.display(description="Model")
    def model_link(self, proposal: Proposal) -> str:
        """Show our model as a link, if it is ours."""
        return link(proposal.model) if proposal.model is not None else NOTHING

    @admin.display(description="Change")
    def change(self, proposal: Proposal) -> str:
        """Show the first figures that would change."""
        lines = telling.lines(proposal)
        shown = ((line, line.move) for line in lines[:LINES_IN_A_LIST])
        told = stack(shown)
        more = len(lines) - LINES_IN_A_LIST
        return format_html('{}<span class="hop dim">and {} more</span>', told, more) if more > 0 else told

    @admin.display(description="Status", ordering="status")
    def state(self, proposal: Proposal) -> str:
        """Show the state in a word."""
        return badge(proposal)

    def panel_of(self, request: HttpRequest, number: int) -> Panel | None:
        """Return both sides of a proposal."""
        found = self.get_queryset(request).filter(pk=number).first()
        return panel(found) if found is not None else None

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """Return what can be done with this proposal as it is now: of two people the first has said what they had to."""
        found = Proposal.objects.filter(pk=object_id, status=Proposal.Status.OPEN).first()
        if found is None:
            return []
        mine = found.needs_two and found.first_by == request.user.pk
        offered = super().get_actions_detail(request, object_id)
        return [each for each in offered if not (mine and each.path == "approve")]

    def has_decide_permission(self, request: HttpRequest, object_id: int | None = None) -> bool:
        """Tell whether this operator may decide: whoever may change prices by hand."""
        return request.user.has_perms(("catalog.change_proposal", "catalog.add_priceversion"))

    @action(description="Approve", permissions=("decide",), url_path="approve", dialog=APPROVE, variant=ActionVariant.PRIMARY)  # fmt: skip
    def approve(self, request: HttpRequest, form: Dialog, object_id: int) -> HttpResponse:
        """Do what the proposal says, or note the first of two approvals."""
        said = form.cleaned_data
        try:
            outcome = deciding.approve(
                object_id,
                by=_person(request),
                reason=said["reason"],
                sell_too=said.get("sell_too", False),
                new=form.new_model(),
            )
        except deciding.Refused as refused:
            messages.error(request, str(refused))
        else:
            told = "Approved." if outcome.made is not None else "Approved by you. It takes a second person."
            messages.success(request, told)
        return go_to(request, reverse("admin:catalog_proposal_change", args=[object_id]))

    @action(description="Reject", permissions=("decide",), url_path="reject", dialog=REJECT)
    def reject(self, request: HttpRequest, form: Dialog, object_id: int) -> HttpResponse:
        """Leave the catalogue as it is."""
        try:
            deciding.reject(object_id, by=_person(request), reason=form.cleaned_data["reason"])
        except deciding.Refused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, "Rejected. The same figure is not proposed again.")
        return go_to(request, reverse("admin:catalog_proposal_change", args=[object_id]))


def _person(request: HttpRequest) -> int:
    if request.user.pk is None:
        raise PermissionDenied
    return request.user.pk


@admin.register(Comparison)
class ComparisonPage(ReadOnlyPage):
    """Which provider was compared with what, when, and what came of it."""

    list_display = (
        "provider",
        "source",
        "outcome",
        figure("listed", "Models", lambda row: f"{row.listed:,}"),
        figure("raised", "Raised", lambda row: row.raised),
        figure("withdrawn", "Withdrawn", lambda row: row.withdrawn),
        figure("refused", "Not carried", lambda row: len(row.refused)),
        "asked_by",
        moment("asked_at", "Asked", order=True),
    )
    list_filter = ("state", "source", ("provider", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("provider",)
    fields = (
        ("provider", "source"),
        ("outcome", "asked_by"),
        ("asked_at", "started_at", "ended_at"),
        ("listed", "raised", "withdrawn"),
        "not_carried",
        "notes",
    )
    readonly_fields = ("outcome", "not_carried")
    actions_list = ("compare",)

    @admin.display(description="Outcome", ordering="state")
    def outcome(self, row: Comparison) -> str:
        """Show the state in a word."""
        marks = {"done": "", "failed": "failed", "running": "begun", "asked": "waits"}
        return format_html(
            '<span class="badge {}" title="{}">{}</span>',
            marks[row.state],
            row.notes,
            row.get_state_display(),
        )

    @admin.display(description="Costs that cannot be carried")
    def not_carried(self, row: Comparison) -> str:
        """Show the models of ours whose cost our classes cannot hold exactly, each with why."""
        return stack((model, why) for model, why in row.refused) or NOTHING

    def has_compare_permission(self, request: HttpRequest) -> bool:
        """Tell whether this operator may have a provider asked."""
        return bool(request.user.has_perm("catalog.add_comparison"))

    @action(description="Compare now", permissions=("compare",), url_path="compare", dialog=COMPARE)
    def compare(self, request: HttpRequest, form: Dialog) -> HttpResponse:
        """Have a worker compare a provider with a list."""
        provider, source = form.cleaned_data["provider"], Source(form.cleaned_data["source"])
        asked = comparisons.ask(provider, source, asked_by=str(request.user))
        self.log_change(request, asked, f"Asked for: {provider} with {source.label}.")
        messages.success(request, f"{provider} is compared with {source.label} within half a minute.")
        return go_to(request, reverse("admin:catalog_comparison_changelist"))


@admin.register(ListedModel)
class ListedModelPage(ReadOnlyPage):
    """Models that a source lists for a provider: since when, and since when no longer."""

    list_display = (
        "upstream_model",
        "provider",
        "source",
        moment("first_seen_at", "First seen"),
        moment("last_seen_at", "Last seen"),
        moment("gone_at", "Gone"),
    )
    list_filter = (
        "source",
        ("gone_at", admin.EmptyFieldListFilter),
        ("provider", admin.RelatedOnlyFieldListFilter),
    )
    list_select_related = ("provider",)
    search_fields = ("upstream_model",)
