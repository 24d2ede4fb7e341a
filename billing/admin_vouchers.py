"""The operator's pages of vouchers: making a batch, whose codes come once as CSV, stopping it, redeeming for others."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.dataclasses import ActionDialog

from billing.admin_paper import movement
from billing.admin_usage import WORKSPACE
from billing.admin_voucher_forms import TERMS, BatchForm, RedeemForm, StopForm
from billing.models import Redemption, Voucher, VoucherBatch
from billing.templatetags.figures import money
from billing.vouchers import batches
from billing.vouchers.redeeming import Refused, redeem
from catalog.admin_acts import action
from catalog.admin_page import (
    NOTHING,
    DeepPaginator,
    Page,
    ReadOnlyPage,
    Reference,
    figure,
    go_to,
    moment,
    named,
)
from kernel import money as usd
from kernel import spreadsheets
from kernel.spreadsheets import Figure


@admin.register(VoucherBatch)
class BatchPage(Page):
    """Batches of codes and what became of them. Terms stay as they are; a batch is stopped, not deleted."""

    form = BatchForm
    list_display = (
        "note",
        figure("amount", "USD each", lambda batch: money(batch.amount, 2)),
        figure("codes", "Codes", lambda batch: f"{batch.codes:,}"),
        figure("redeemed", "Redeemed", lambda batch: f"{batch.redeemed or 0:,}"),
        moment("redeem_by", "Redeem by"),
        moment("created_at", "Made"),
        "created_by",
        moment("stopped_at", "Stopped"),
    )
    search_fields = ("note",)
    ordering = ("-created_at",)
    actions_list = ("redeem",)
    actions_detail = ("stop",)
    fieldsets = (
        (None, {"fields": ("note", ("usd", "codes"), "token")}),
        ("Who may redeem, and until when", {"fields": (("most_redemptions", "once_per_workspace"), "redeem_by")}),
        ("Until when the credit lasts", {"fields": (("credit_days", "credit_ends_on"),), "description": "Neither: for ever."}),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return the batches with how often their codes were redeemed."""
        return super().get_queryset(request).annotate(redeemed=Sum("vouchers__redeemed"))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show what became of a batch that is there."""
        if obj is None:
            return self.fieldsets
        amount = figure("amount", "USD for each redemption", lambda batch: money(batch.amount, 9))
        made = (moment("created_at", "Made"), "created_by", moment("stopped_at", "Stopped"))
        return ((None, {"fields": ("note", amount, *TERMS)}), ("What became of it", {"fields": (figure("redeemed", "Redeemed", lambda batch: batch.redeemed or 0), *made)}))  # fmt: skip

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: a batch keeps its terms."""
        return False

    def has_stop_permission(self, request: HttpRequest, object_id: int | str | None = None) -> bool:
        """Tell whether this operator may make and stop vouchers."""
        return request.user.has_perm("billing.add_voucherbatch")

    has_redeem_permission = has_stop_permission

    def save_model(self, request: HttpRequest, obj: VoucherBatch, form: Any, change: bool) -> None:
        """Save a new batch; its codes go along with it until they are sent."""
        obj.created_by = str(request.user)
        obj.told = batches.make(obj)  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: VoucherBatch, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Send the codes, this once."""
        worth = Figure(usd.show(obj.amount, decimals=2))
        told: list[str] = obj.told  # type: ignore[attr-defined]
        messages.success(
            request, f"{obj.codes:,} codes were made and sent as CSV. They cannot be shown again."
        )
        listed = spreadsheets.rows([("code", "usd"), *((code, worth) for code in told)])
        answer = HttpResponse(listed, content_type="text/csv")
        name = f"vouchers-{obj.created_at:%Y-%m-%d}-{obj.pk}.csv"
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer

    @action(
        description="Redeem for a workspace",
        permissions=("redeem",),
        url_path="redeem",
        dialog=ActionDialog(
            title="Redeem a code for a workspace",
            description="The workspace gets the credit at once. The reason is kept in the list of changes.",
            form_class=RedeemForm,
            form_submit_text="Redeem",
        ),
    )
    def redeem(self, request: HttpRequest, form: RedeemForm) -> HttpResponse:
        """Redeem a code that a customer could not."""
        workspace = form.cleaned_data["workspace"]
        try:
            given = redeem(workspace, form.cleaned_data["code"], by=str(request.user), limited_as=None)
        except Refused as error:
            messages.error(request, str(error))
        else:
            reason = form.cleaned_data["reason"]
            self.log_change(
                request,
                workspace,
                f"Redeemed a voucher of {usd.show(given.amount, decimals=2)} USD: {reason}",
            )
            messages.success(request, f"{workspace} got {usd.show(given.amount, decimals=2)} USD.")
        return go_to(request, reverse("admin:billing_voucherbatch_changelist"))

    @action(
        description="Stop",
        permissions=("stop",),
        url_path="stop",
        dialog=ActionDialog(
            title="Stop this batch?",
            description="None of its codes can be redeemed any more. Credit that was given stays.",
            form_class=StopForm,
            form_submit_text="Stop",
        ),
    )
    def stop(self, request: HttpRequest, form: StopForm, object_id: str) -> HttpResponse:
        """Stop a batch."""
        row = VoucherBatch.objects.get(pk=object_id)
        if batches.stop(row.pk):
            self.log_change(request, row, f"Stopped: {form.cleaned_data['reason']}")
            messages.success(request, "Stopped.")
        return go_to(request, reverse("admin:billing_voucherbatch_change", args=[row.pk]))


@admin.register(Voucher)
class VoucherPage(ReadOnlyPage):
    """Codes, of which only the beginning is known, and how often each was redeemed."""

    list_display = (
        "prefix",
        "batch",
        figure("redeemed", "Redeemed", lambda row: f"{row.redeemed:,}"),
        figure("most", "At most", lambda row: f"{row.most_redemptions:,}"),
    )
    list_select_related = ("batch",)
    search_fields = ("prefix",)
    search_help_text = "How a code begins, such as TW-7K3M"
    ordering = ("prefix", "id")
    paginator = DeepPaginator
    fields = list_display


@admin.register(Redemption)
class RedemptionPage(ReadOnlyPage):
    """Who redeemed which code."""

    references: ClassVar[dict[str, Reference]] = WORKSPACE
    list_display = (
        moment("redeemed_at", "Redeemed"),
        "voucher",
        "batch",
        named("workspace_id", "Workspace"),
        figure("amount", "USD", lambda row: money(row.voucher.batch.amount, 2)),
        moment("expires_on", "Credit ends"),
        "redeemed_by",
        movement,
    )
    list_select_related = ("voucher__batch",)
    search_fields = ("voucher__prefix",)
    search_help_text = "How a code begins, such as TW-7K3M"
    ordering = ("-redeemed_at",)
    fields = list_display

    @admin.display(description="Batch")
    def batch(self, row: Redemption) -> str:
        """Show the batch's note."""
        return row.voucher.batch.note or NOTHING
