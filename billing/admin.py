"""The operator's pages of the money: accounts and the ledger. Usage has its pages beside."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.dataclasses import ActionDialog

from billing import (  # noqa: F401  # register their pages
    admin_alerts,
    admin_announcements,
    admin_bulk,
    admin_closes,
    admin_credit,
    admin_customer_alerts,
    admin_customer_keys,
    admin_customers,
    admin_desk,
    admin_explorer,
    admin_firings,
    admin_gaps,
    admin_jobs,
    admin_months,
    admin_paper,
    admin_payments,
    admin_proof,
    admin_rebuild,
    admin_reconciling,
    admin_reconciling_upload,
    admin_refusals,
    admin_repricing,
    admin_requests,
    admin_stripe,
    admin_subscriptions,
    admin_terms,
    admin_usage,
    admin_vouchers,
    ledger,
)
from billing.admin_amounts import told
from billing.admin_filters import WorkspaceFilter
from billing.admin_moves import MoveForm, ReverseForm
from billing.admin_usage import WORKSPACE, FoundPage, money_column
from billing.admin_windows import LegFilter, PostedFilter
from billing.models import Account, LedgerEntry, LedgerTransaction
from billing.moves import desk
from billing.templatetags.figures import money
from catalog.admin_acts import action
from catalog.admin_page import DeepPaginator, ReadOnlyPage, Reference, figure, go_to, moment, named, table
from kernel import clock


def _withheld(account: Account) -> int:
    ended = clock.minute_number() >= account.lapse_minute
    return account.withheld + (account.lapsing if ended else 0)


def _available(account: Account) -> int:
    return account.posted - account.unbilled - account.held + account.overdraft_limit - _withheld(account)


def may_post(request: HttpRequest) -> bool:
    """Tell whether the signed-in operator may post to the ledger.

    Asked by a method of the pages: a permission named on an action would be looked up by a system check,
    in tables that a new database does not have yet.
    """
    return request.user.has_perm("billing.add_ledgertransaction")


@admin.register(Account)
class AccountPage(ReadOnlyPage):
    """Where a workspace stands now: money, limits used, open streams."""

    references: ClassVar[dict[str, Reference]] = WORKSPACE
    list_display = (
        "workspace_id",
        named("workspace_id", "Workspace"),
        money_column("posted", "Posted"),
        money_column("unbilled", "Settled since"),
        money_column("held", "Held"),
        figure("available", "Available", lambda account: money(_available(account), 2)),
        figure("open_streams", "Open streams", lambda account: account.open_streams),
        "status",
    )
    list_filter = ("status", WorkspaceFilter)
    search_fields = ("workspace_id",)
    search_help_text = "The slug of a workspace"
    ordering = ("-workspace_id",)
    paginator = DeepPaginator
    actions_detail = ("move",)
    fieldsets = (
        (None, {"fields": ((named("workspace_id", "Workspace"), "status"), "elsewhere")}),
        ("Money", {"fields": ((money_column("posted", "Posted"), money_column("unbilled", "Settled since")), (money_column("held", "Held"), money_column("overdraft_limit", "Overdraft")), (figure("withheld", "Out of reach", lambda account: money(_withheld(account), 9)), figure("available", "Available", lambda account: money(_available(account), 9))))}),
        ("Limits used", {"fields": (("minute_count", "hour_count", "day_count"), "open_streams")}),
        ("Numbers", {"fields": (("seq", "charge_no", "charged_no"), ("minute_no", "kill_generation"))}),
    )  # fmt: skip

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Account], search_term: str
    ) -> tuple[QuerySet[Account], bool]:
        """Return the account of the workspace with that slug."""
        return admin_usage.search(request, queryset, search_term, "workspace_id"), False

    def has_move_money_permission(self, request: HttpRequest, object_id: int | str | None = None) -> bool:
        """Tell whether this operator may post to the ledger."""
        return may_post(request)

    @action(
        description="Move money",
        permissions=("move_money",),
        url_path="move",
        dialog=ActionDialog(
            title="Move money on this account",
            description="In your name, for good: what was wrong is reversed, not deleted. A large one waits for a second person.",
            form_class=MoveForm,
            form_submit_text="Post",
        ),
    )
    def move(self, request: HttpRequest, form: MoveForm, object_id: int) -> HttpResponse:
        """Post what the dialog asked for."""
        account = Account.objects.get(pk=object_id)
        try:
            move = form.ask(account.workspace_id, by=str(request.user))
        except desk.NotAllowed as error:
            messages.error(request, str(error))
            return go_to(request, reverse("admin:billing_account_change", args=[account.pk]))
        self.log_change(request, account, f"Asked for movement {move.pk}: {move.reason}")
        return told(request, move)

    @admin.display(description="Elsewhere")
    def elsewhere(self, account: Account) -> SafeString:
        """Show the ways to what this account is made of."""
        pages = (("usageevent", "Requests"), ("ledgertransaction", "Ledger"), ("dailyusage", "Daily usage"))
        links = [(f"{reverse(f'admin:billing_{page}_changelist')}?workspace={account.pk}", name) for page, name in pages]  # fmt: skip
        return format_html_join(" · ", '<a class="ref" href="{}">{}</a>', links)


@admin.register(LedgerTransaction)
class TransactionPage(ReadOnlyPage):
    """A movement of money with its legs, which sum to zero."""

    references: ClassVar[dict[str, Reference]] = WORKSPACE
    list_display = (
        moment("created_at", "Posted"),
        named("workspace_id", "Workspace"),
        "kind",
        figure("amount", "On the account", lambda row: money(row.moved, 9)),
        figure("balance", "Balance after", lambda row: money(row.balance, 9)),
        moment("day", "UTC day"),
        "reason",
        "actor",
    )
    list_filter = (PostedFilter, WorkspaceFilter, "kind")
    search_fields = ("id",)
    search_help_text = "A transaction's id, or the slug of a workspace"
    ordering = ("-id",)
    paginator = DeepPaginator
    actions_detail = ("undo",)
    fieldsets = (
        (None, {"fields": (("kind", named("workspace_id", "Workspace")), "legs")}),
        ("Why and by whom", {"fields": ("reason", "actor", "idem_key")}),
        ("When", {"fields": ((moment("day", "UTC day"), moment("created_at", "Posted")), "charge_no", "id")}),
    )

    def prepare(self, rows: Any) -> None:
        """Add names, and the leg on the workspace's own account."""
        super().prepare(rows)
        legs = LedgerEntry.objects.filter(transaction_id__in=[row.pk for row in rows], account="workspace")
        moved = {leg.transaction_id: leg for leg in legs}
        for row in rows:
            row.moved, row.balance = moved[row.pk].amount, moved[row.pk].balance_after

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[LedgerTransaction], search_term: str
    ) -> tuple[QuerySet[LedgerTransaction], bool]:
        """Return the transaction with that id, or those of the workspace with that slug."""
        return admin_usage.search(request, queryset, search_term, "id"), False

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[Any]:
        """Return what can be done with this movement: a reversal itself is not reversed."""
        offered = super().get_actions_detail(request, object_id)
        final = LedgerTransaction.objects.filter(pk=object_id, kind=LedgerTransaction.Kind.REVERSAL).exists()
        return [] if final else list(offered)

    def has_move_money_permission(self, request: HttpRequest, object_id: int | str | None = None) -> bool:
        """Tell whether this operator may post to the ledger."""
        return may_post(request)

    @action(
        description="Reverse",
        permissions=("move_money",),
        url_path="reverse",
        dialog=ActionDialog(
            title="Reverse this movement?",
            description="The opposite is posted today, in your name. A movement is reversed once.",
            form_class=ReverseForm,
            form_submit_text="Reverse",
        ),
    )
    def undo(self, request: HttpRequest, form: ReverseForm, object_id: str) -> HttpResponse:
        """Post the opposite of the movement."""
        row = LedgerTransaction.objects.get(pk=object_id)
        made = ledger.reverse(
            workspace_id=row.workspace_id,
            transaction_id=row.pk,
            reason=form.cleaned_data["reason"],
            actor=str(request.user),
        )
        self.log_change(request, row, f"Reversed by {made}.")
        messages.success(request, "Reversed.")
        return go_to(request, reverse("admin:billing_ledgertransaction_change", args=[made]))

    @admin.display(description="Legs")
    def legs(self, row: LedgerTransaction) -> SafeString:
        """Show the legs, newest balances at the right."""
        legs = LedgerEntry.objects.filter(transaction_id=row.pk, workspace_id=row.workspace_id).order_by(
            "seq"
        )
        return table(
            ("Account", "Amount", "Balance after", "No."),
            ((leg.account, money(leg.amount, 9), "" if leg.balance_after is None else money(leg.balance_after, 9), leg.seq or "") for leg in legs),
        )  # fmt: skip


@admin.register(LedgerEntry)
class EntryPage(FoundPage):
    """One leg of a movement."""

    references: ClassVar[dict[str, Reference]] = WORKSPACE | {
        "transaction_id": Reference("billing.LedgerTransaction")
    }
    list_display = (
        named("transaction_id", "Movement"),
        named("workspace_id", "Workspace"),
        "account",
        money_column("amount", "Amount"),
        figure("balance", "Balance after", lambda row: "" if row.balance_after is None else money(row.balance_after, 9)),
        figure("seq", "No.", lambda row: row.seq or ""),
    )  # fmt: skip
    list_display_links = None
    list_filter = (LegFilter, WorkspaceFilter, "account")
    search_fields = ("transaction_id",)
    search_help_text = "A transaction's id, or the slug of a workspace"
    ordering = ("-transaction_id", "account")
