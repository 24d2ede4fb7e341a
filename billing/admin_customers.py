"""The operator's page of a workspace, with what concerns its money: plan, custom terms, and spill to the balance."""

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html

from accounts.admin_workspaces import operator
from accounts.models import Workspace
from billing import admin_workspace_columns
from billing.admin_bulk import drafted, narrowed
from billing.admin_plan_forms import CHANGE_PLAN, CUSTOM_TERMS, SET_SPILL, CustomForm, PlanForm, SpillForm
from billing.admin_workspace_actions import Acted
from billing.bulk import jobs
from billing.credits import withholding
from billing.models import Purse, Subscription, SubscriptionChange
from billing.subscriptions import book, granting
from catalog import plans
from catalog.admin_acts import action
from catalog.admin_page import DeepPaginator, go_to, link
from kernel import money

admin.site.unregister(Workspace)


@admin.register(Workspace)
class CustomerPage(Acted):
    """A customer. Its plan is changed by a dialog, which says before what that comes to."""

    list_display = ("name", admin_workspace_columns.state, "plan_version", *admin_workspace_columns.COLUMNS)
    list_filter = admin_workspace_columns.FILTERS
    ordering = ("name", "pk")
    paginator = DeepPaginator
    fieldsets = (
        (None, {"fields": (("name", "slug"), ("plan_version", "status"), "time_zone")}),
        ("Plan", {"fields": (("subscription", "counts_now"), "spill")}),
        ("Record", {"fields": (("account", "created_at"), "in_rankings")}),
    )
    actions = ("freeze_many",)
    add_fieldsets = ((None, {"fields": (("name", "slug"), ("plan_version", "status"), "time_zone")}),)
    actions_detail: Any = (
        "view_as_customer",
        "move_money",
        {"title": "Plan", "items": ["change_plan", "custom_terms", "set_spill"]},
        {"title": "For a while", "items": ["raise_limits", "grant_upgrade", "end_upgrade"]},
        {"title": "Own keys", "items": ["set_own_key", "take_own_key"]},
        {"title": "Standing", "items": ["freeze", "thaw", "close"]},
    )

    @admin.action(description="Freeze", permissions=["change"])
    def freeze_many(self, request: HttpRequest, queryset: QuerySet[Workspace]) -> HttpResponse | None:
        """Draft the freezing of the chosen workspaces, or of all that the list is narrowed to."""
        try:
            job = jobs.draft_freeze(queryset, narrowed=narrowed(request), by=operator(request))
        except jobs.NotAllowed as error:
            messages.error(request, str(error))
            return None
        return drafted(request, self, job)

    def get_fieldsets(self, request: HttpRequest, obj: Workspace | None = None) -> Any:
        """Return what is asked of a new workspace, and what is shown of one that is there."""
        return self.add_fieldsets if obj is None else super().get_fieldsets(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Workspace | None = None) -> tuple[str, ...]:
        """Return what does not change here."""
        fixed = (*super().get_readonly_fields(request, obj), "subscription", "counts_now", "spill")
        return (*fixed, "plan_version") if obj is not None else fixed

    def prepare(self, rows: Any) -> None:
        """Read what the list says of each: five queries for the page."""
        admin_workspace_columns.complete(list(rows))

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Workspace | None:
        """Return one workspace with what its fields show, each read once: the theme asks for a field several times."""
        try:
            rows = self.get_queryset(request).select_related("plan_version__plan")
            found: Workspace | None = rows.filter(pk=int(object_id)).first()
        except ValueError:
            return None
        if found is not None:
            found.__dict__["runs"] = book.active(found.pk)
            found.__dict__["purse"] = Purse.objects.filter(pk=found.pk).first()
        return found

    def save_model(self, request: HttpRequest, obj: Workspace, form: Any, change: bool) -> None:
        """Save, and begin the subscription of a new workspace whose plan has a price or credits."""
        super().save_model(request, obj, form, change)
        if not change:
            book.begin(obj, actor=str(request.user), reason="New workspace")

    @admin.display(description="Subscription")
    def subscription(self, workspace: Workspace) -> str:
        """Show the subscription as a link, and what it becomes."""
        row: Subscription | None = workspace.__dict__["runs"]
        if row is None:
            return "none: the plan has no periods"
        then = f", then {row.next_plan_version}" if row.next_plan_version else ""
        until = f" until {row.current_period_end}" if row.current_period_end else ""
        return format_html("{}{}{}", link(row), until, then)

    @admin.display(description="Counts now")
    def counts_now(self, workspace: Workspace) -> str:
        """Show the terms of an upgrade in force."""
        return str(workspace.upgrade) if workspace.upgrade else "the standing plan"

    @admin.display(description="Spill to the balance")
    def spill(self, workspace: Workspace) -> str:
        """Show whether usage goes on with the balance."""
        purse: Purse | None = workspace.__dict__["purse"]
        if purse is None or purse.spill == Purse.Spill.FREE:
            return "credits and balance are one"
        if purse.spill == Purse.Spill.OFF:
            return "off: credits only"
        bound = "" if purse.spill_ceiling is None else f", at most {_dollars(purse.spill_ceiling)} a month"
        return f"on{bound}"

    def has_plans_permission(self, request: HttpRequest, object_id: int | None = None) -> bool:
        """Tell whether this operator may change plans of customers."""
        return request.user.has_perm("accounts.change_workspace")

    @action(description="Change plan", permissions=("plans",), url_path="change-plan", dialog=CHANGE_PLAN)
    def change_plan(self, request: HttpRequest, form: PlanForm, object_id: int) -> HttpResponse:
        """Do what the dialog asked for, once for its token."""
        workspace, asked = Workspace.objects.get(pk=object_id), form.cleaned_data
        try:
            done = book.change(
                workspace,
                asked["to"],
                token=asked["token"],
                actor=str(request.user),
                reason=asked["reason"],
                at_once=asked["at_once"],
            )
        except book.NotOurs:
            messages.error(request, "This plan is paid through Stripe: change it there, and it follows here.")
        else:
            self._say(request, workspace, done)
        return go_to(request, reverse("admin:accounts_workspace_change", args=[object_id]))

    @action(description="Custom terms", permissions=("plans",), url_path="custom-terms", dialog=CUSTOM_TERMS)
    def custom_terms(self, request: HttpRequest, form: CustomForm, object_id: int) -> HttpResponse:
        """Make the terms that the dialog asked for and put the workspace on them, once for its token."""
        asked = form.cleaned_data
        try:
            with transaction.atomic():
                workspace = granting.held(object_id)
                if workspace is not None and not self._was_done(workspace, asked["token"]):
                    terms = plans.custom(
                        workspace_id=workspace.pk,
                        name=workspace.name,
                        slug=workspace.slug,
                        base=workspace.plan_version,
                        terms=form.terms(),
                    )
                    done = book.change(
                        workspace,
                        terms,
                        token=asked["token"],
                        actor=str(request.user),
                        reason=asked["reason"],
                        at_once=True,
                    )
                    self._say(request, workspace, done)
        except book.NotOurs:
            messages.error(request, "This plan is paid through Stripe: change it there, and it follows here.")
        return go_to(request, reverse("admin:accounts_workspace_change", args=[object_id]))

    @action(
        description="Spill to the balance", permissions=("plans",), url_path="set-spill", dialog=SET_SPILL
    )
    def set_spill(self, request: HttpRequest, form: SpillForm, object_id: int) -> HttpResponse:
        """Save what the dialog asked for."""
        workspace, asked = Workspace.objects.get(pk=object_id), form.cleaned_data
        ceiling = asked["monthly_ceiling"] if asked["enabled"] else None
        withholding.set_spill(
            workspace.pk, enabled=asked["enabled"], monthly_ceiling=ceiling, actor=str(request.user)
        )
        bound = "" if ceiling is None else f", at most {_dollars(ceiling)} a month"
        told = f"Spill to the balance: {'on' if asked['enabled'] else 'off'}{bound}."
        self.log_change(request, workspace, f"{told} {asked['reason']}")
        messages.success(request, told)
        return go_to(request, reverse("admin:accounts_workspace_change", args=[object_id]))

    def _was_done(self, workspace: Workspace, token: Any) -> bool:
        return SubscriptionChange.objects.filter(workspace_id=workspace.pk, token=token).exists()

    def _say(self, request: HttpRequest, workspace: Workspace, done: SubscriptionChange | None) -> None:
        if done is None:
            messages.info(request, "It has these terms already.")
            return
        granted = f" {_dollars(done.granted_nano)} of credits came with it." if done.granted_nano else ""
        told = f"{done} from {done.takes_effect_on} on.{granted}"
        self.log_change(request, workspace, f"{told} {done.reason}")
        messages.success(request, told)


def _dollars(nano: int) -> str:
    return f"${money.show(nano, decimals=2)}"
