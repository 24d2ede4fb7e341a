"""The operator's pages of subscriptions: their periods and what was missed, and every change with who made it and why."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from billing.admin_filters import WorkspaceFilter, workspace_of
from billing.models import Subscription, SubscriptionChange
from billing.templatetags.figures import money
from catalog.admin_page import NOTHING, ReadOnlyPage, Reference, figure, moment, named

WORKSPACE = {"workspace_id": Reference("accounts.Workspace")}
_BADGES = {"active": "", "past_due": "waits", "cancelled": "cut"}


class MissedFilter(admin.SimpleListFilter):
    """Subscriptions of which periods passed before anything could be granted."""

    title = "missed periods"
    parameter_name = "missed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the one choice."""
        return [("yes", "Some")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Subscription]) -> QuerySet[Subscription]:
        """Return the chosen rows."""
        return queryset.filter(missed__gt=0) if self.value() == "yes" else queryset


@admin.register(Subscription)
class SubscriptionPage(ReadOnlyPage):
    """A run of periods on a plan; the plan changes on the page of the workspace."""

    references: ClassVar[dict[str, Reference]] = WORKSPACE
    list_display = (
        "__str__",
        named("workspace_id", "Workspace"),
        "state",
        "source",
        moment("current_period_start", "Period from"),
        moment("current_period_end", "until"),
        figure("credits", "Credits, USD", lambda row: money(row.plan_version.credits_nano, 2)),
        "next_terms",
        "missed_periods",
    )
    list_filter = ("status", "source", MissedFilter, WorkspaceFilter)
    list_select_related = ("plan_version__plan", "next_plan_version__plan")
    search_fields = ("stripe_subscription_id",)
    search_help_text = "Stripe's id of a subscription, or the slug of a workspace"
    ordering = ("-created_at",)
    fieldsets = (
        (None, {"fields": (("plan_version", named("workspace_id", "Workspace")), ("state", "source"))}),
        (
            "Period",
            {
                "fields": (
                    (moment("current_period_start", "From"), moment("current_period_end", "Until")),
                    (moment("anchor", "First day of all"), moment("granted_for", "Credits granted for")),
                    ("next_terms", moment("due_on", "Next looked at")),
                    "missed_periods",
                )
            },
        ),
        ("Stripe", {"fields": (("stripe_subscription_id", "stripe_customer_id"),)}),
        ("Record", {"fields": ((moment("created_at", "Begun"), moment("ended_on", "Ended")), "id")}),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Subscription], search_term: str
    ) -> tuple[QuerySet[Subscription], bool]:
        """Return the subscription with that id at Stripe, or those of the workspace with that slug."""
        if not search_term:
            return queryset, False
        workspace = workspace_of(request)
        if workspace is not None:
            return queryset.filter(workspace_id=workspace), False
        return queryset.filter(stripe_subscription_id=search_term.strip()), False

    @admin.display(description="Status", ordering="status")
    def state(self, row: Subscription) -> SafeString:
        """Show the status in a word."""
        return format_html('<span class="badge {}">{}</span>', _BADGES[row.status], row.get_status_display())

    @admin.display(description="Next")
    def next_terms(self, row: Subscription) -> str:
        """Show what the next period begins with, where that is another plan."""
        if row.next_plan_version is not None:
            return str(row.next_plan_version)
        return "ends" if row.cancel_at_period_end else NOTHING

    @admin.display(description="Missed periods")
    def missed_periods(self, row: Subscription) -> str:
        """Show how many periods passed without their credits, and when the last of them began."""
        if not row.missed:
            return NOTHING
        return format_html('<span class="badge failed">{}, last {}</span>', row.missed, row.missed_last)


@admin.register(SubscriptionChange)
class SubscriptionChangePage(ReadOnlyPage):
    """What was done to a workspace's plan."""

    references: ClassVar[dict[str, Reference]] = WORKSPACE
    list_display = (
        moment("created_at", "When", order=True),
        named("workspace_id", "Workspace"),
        "kind",
        "from_version",
        "to_version",
        moment("takes_effect_on", "Counts from"),
        figure("granted", "Granted, USD", lambda row: money(row.granted_nano, 2)),
        "reason",
        "actor",
    )
    list_filter = ("kind", WorkspaceFilter)
    list_select_related = ("from_version__plan", "to_version__plan")
    search_fields = ("reason", "actor")
    ordering = ("-created_at",)
