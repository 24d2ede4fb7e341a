"""The operator's pages of credit: lots and what moved on them, purses, the budgets of keys; all read-only."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from billing.admin_filters import WorkspaceFilter
from billing.admin_usage import WORKSPACE, FoundPage, money_column
from billing.models import CreditLot, CreditMovement, KeyBudget, Purse
from billing.templatetags.figures import money
from catalog.admin_page import Reference, figure, moment, named

__all__ = ["BudgetPage", "LotPage", "MovementPage", "PursePage"]


class _Credit(FoundPage):
    """What the pages here share: narrowed by workspace, and the way to a movement."""

    list_filter: Any = (WorkspaceFilter,)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show of a row what its list shows: amounts as money, and the way to what it names."""
        return self.list_display

    get_readonly_fields = get_fields

    @admin.display(description="Movement")
    def movement(self, row: CreditLot | CreditMovement) -> SafeString:
        """Show the way to what it came about by."""
        address = reverse("admin:billing_ledgertransaction_change", args=[row.transaction_id])
        return format_html('<a class="ref" href="{}">{}</a>', address, "posted")


@admin.register(CreditLot)
class LotPage(_Credit):
    """Credit that came in at once: where from, until when, and what is left of it."""

    list_display = (
        moment("created_at", "Came in"),
        named("workspace_id", "Workspace"),
        "source",
        money_column("amount", "Amount"),
        money_column("remaining", "Left"),
        "expires_on",
        figure("priority", "Priority", lambda lot: lot.priority),
        "movement",
    )
    list_filter = (WorkspaceFilter, "source")
    ordering = ("-id",)


@admin.register(CreditMovement)
class MovementPage(_Credit):
    """What one lot took or gave of a movement; without a lot, what none covered."""

    references: ClassVar[dict[str, Reference]] = WORKSPACE | {"lot_id": Reference("billing.CreditLot")}
    list_display = (
        "movement",
        named("workspace_id", "Workspace"),
        named("lot_id", "Lot"),
        money_column("amount", "Amount"),
    )
    search_fields = ("transaction_id",)
    ordering = ("-transaction_id", "id")


@admin.register(Purse)
class PursePage(_Credit):
    """What is true of all credit of a workspace: what none covered, and whether usage may spill into the balance."""

    list_display = (
        named("workspace_id", "Workspace"),
        money_column("uncovered", "Not covered"),
        "spill",
        figure("ceiling", "Ceiling a month", lambda purse: _nano(purse.spill_ceiling)),
        money_column("spilled", "Spilled"),
        "spill_month",
        "spill_changed_by",
    )
    list_filter = (WorkspaceFilter, "spill")
    search_fields = ("workspace_id",)
    search_help_text = "The slug of a workspace"
    ordering = ("-workspace_id",)


@admin.register(KeyBudget)
class BudgetPage(_Credit):
    """What one key may spend in its window, what it spent and what its open requests hold."""

    references: ClassVar[dict[str, Reference]] = WORKSPACE | {"api_key_id": Reference("accounts.ApiKey")}
    list_display = (
        named("api_key_id", "Key"),
        named("workspace_id", "Workspace"),
        money_column("limit_nano", "Limit"),
        "period",
        money_column("spent", "Spent"),
        money_column("held", "Held"),
        "changed_by",
    )
    list_filter = (WorkspaceFilter, "period")
    search_fields = ("workspace_id",)
    search_help_text = "The slug of a workspace"
    ordering = ("-api_key_id",)


def _nano(amount: int | None) -> str:
    return "none" if amount is None else str(money(amount, 9))
