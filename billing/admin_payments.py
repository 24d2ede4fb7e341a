"""The operator's pages of payments by card: top-ups, their refunds and disputes, auto-recharge."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.dataclasses import ActionDialog

from billing.admin_filters import WorkspaceFilter
from billing.admin_payment_forms import DecideForm, RefundForm
from billing.admin_usage import WORKSPACE, FoundPage
from billing.models import Dispute, Recharge, RefundRequest, TopUp
from billing.payments import calls, refund_requests
from billing.templatetags.figures import money as shown_money
from catalog.admin_acts import action
from catalog.admin_page import (
    DeepPaginator,
    ReadOnlyPage,
    Reference,
    commits_itself,
    figure,
    go_to,
    moment,
    named,
)
from kernel import money

PAID = WORKSPACE | {"topup_id": Reference("billing.TopUp")}


def cents(name: str, label: str) -> Callable[[Any], Any]:
    """Return a column that shows an amount in cents as dollars."""
    return figure(name, label, lambda row: shown_money(money.from_cents(getattr(row, name)), 2))


@contextmanager
def _telling(request: HttpRequest) -> Iterator[None]:
    """Tell an operator why a refund did not come about."""
    try:
        yield
    except refund_requests.NotAllowed as error:
        messages.error(request, str(error))
    except calls.Away:
        messages.warning(
            request, "Stripe could not be reached. The refund is kept, and sent again within minutes."
        )
    except calls.Unusable as error:
        messages.error(request, f"Stripe refused it: {error}")


@admin.register(TopUp)
class TopUpPage(FoundPage):
    """One payment: what was asked for, what became of it, and how to give it back."""

    references: ClassVar[dict[str, Reference]] = WORKSPACE | {"created_by": Reference("accounts.User")}
    list_display = (
        moment("created_at", "Begun"),
        named("workspace_id", "Workspace"),
        "source",
        "status",
        cents("amount_cents", "Amount"),
        cents("refunded_cents", "Refunded"),
        "livemode",
    )
    list_filter = (WorkspaceFilter, "status", "source")
    ordering = ("-id",)
    actions_detail = ("refund",)
    fieldsets = (
        (None, {"fields": (("status", named("workspace_id", "Workspace")), ("source", "failure"))}),
        ("Money", {"fields": ((cents("amount_cents", "Amount"), cents("refunded_cents", "Refunded")), figure("rest", "Can be refunded", lambda row: shown_money(money.from_cents(refund_requests.refundable_cents(row)), 2)))}),
        ("At Stripe", {"fields": ("session_id", "payment_intent", "customer_id", "livemode")}),
        ("Record", {"fields": ((moment("created_at", "Begun"), moment("paid_at", "Paid")), "transaction_id", named("created_by", "Begun by"), "id")}),
    )  # fmt: skip

    def has_refund_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Tell whether this operator may ask for refunds."""
        return request.user.has_perm("billing.add_refundrequest")

    @commits_itself
    @action(
        description="Refund",
        permissions=("refund",),
        url_path="refund",
        dialog=ActionDialog(
            title="Refund this top-up?",
            description="Stripe pays it back. The balance falls when Stripe confirms it, also below zero.",
            form_class=RefundForm,
            form_submit_text="Refund",
        ),
    )
    def refund(self, request: HttpRequest, form: RefundForm, object_id: str) -> HttpResponse:
        """Ask for the refund; a large one waits for somebody else."""
        topup = TopUp.objects.get(pk=object_id)
        shown = reverse("admin:billing_topup_change", args=[topup.pk])
        with _telling(request):
            asked = refund_requests.ask(
                topup,
                cents=form.cents,
                reason=form.cleaned_data["reason"],
                by=str(request.user),
                token=form.cleaned_data["token"],
            )
            self.log_change(request, topup, f"Asked for refund {asked.pk}: {asked.reason}")
            messages.success(
                request, "Waits for a second person." if asked.status == "asked" else "Asked of Stripe."
            )
            shown = reverse("admin:billing_refundrequest_change", args=[asked.pk])
        return go_to(request, shown)


@admin.register(RefundRequest)
class RefundRequestPage(FoundPage):
    """A refund that an operator asked for, and who decided on it."""

    references: ClassVar[dict[str, Reference]] = PAID
    list_display = (
        moment("asked_at", "Asked"),
        named("workspace_id", "Workspace"),
        named("topup_id", "Top-up"),
        cents("amount_cents", "Amount"),
        "status",
        "asked_by",
        "decided_by",
        "reason",
    )
    list_filter = (WorkspaceFilter, "status")
    ordering = ("-asked_at",)
    actions_detail = ("approve", "decline")
    fieldsets = (
        (None, {"fields": (("status", named("workspace_id", "Workspace")), (named("topup_id", "Top-up"), cents("amount_cents", "Amount")), "reason", "failure")}),
        ("Who", {"fields": (("asked_by", moment("asked_at", "Asked")), ("decided_by", moment("decided_at", "Decided")), "by_two")}),
        ("At Stripe", {"fields": ("refund_id", "id")}),
    )  # fmt: skip

    def has_decide_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Tell whether this operator may decide on refunds."""
        return request.user.has_perm("billing.change_refundrequest")

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[Any]:
        """Return what can be decided: only what still waits."""
        offered = super().get_actions_detail(request, object_id)
        waits = RefundRequest.objects.filter(pk=object_id, status=RefundRequest.Status.ASKED).exists()
        return list(offered) if waits else []

    @commits_itself
    @action(
        description="Approve",
        permissions=("decide",),
        url_path="approve",
        dialog=ActionDialog(
            title="Approve this refund?",
            description="Stripe is asked for it at once, in your name and that of who asked.",
            form_class=DecideForm,
            form_submit_text="Approve",
        ),
    )
    def approve(self, request: HttpRequest, form: DecideForm, object_id: str) -> HttpResponse:
        """Have the refund made."""
        return self._decide(request, form, object_id, refund_requests.approve, "Approved")

    @action(
        description="Decline",
        permissions=("decide",),
        url_path="decline",
        dialog=ActionDialog(
            title="Decline this refund?",
            description="Nothing is paid back. It can be asked for again.",
            form_class=DecideForm,
            form_submit_text="Decline",
        ),
    )
    def decline(self, request: HttpRequest, form: DecideForm, object_id: str) -> HttpResponse:
        """Close the refund without making it."""
        return self._decide(request, form, object_id, refund_requests.decline, "Declined")

    def _decide(
        self,
        request: HttpRequest,
        form: DecideForm,
        object_id: str,
        decide: Callable[..., None],
        word: str,
    ) -> HttpResponse:
        asked = RefundRequest.objects.get(pk=object_id)
        with _telling(request):
            decide(asked, by=str(request.user))
            self.log_change(request, asked, f"{word}: {form.cleaned_data['reason']}")
            messages.success(request, f"{word}.")
        return go_to(request, reverse("admin:billing_refundrequest_change", args=[object_id]))


@admin.register(Dispute)
class DisputePage(FoundPage):
    """A payment that its bank took back or asks about; it is answered at Stripe."""

    references: ClassVar[dict[str, Reference]] = PAID
    list_display = (
        moment("opened_at", "Opened"),
        named("workspace_id", "Workspace"),
        named("topup_id", "Top-up"),
        cents("amount_cents", "Disputed"),
        cents("taken_cents", "Taken from us"),
        "reason",
        "status",
        moment("answer_by", "Answer by"),
        "dispute_id",
    )
    list_filter = (WorkspaceFilter, "status")
    ordering = ("-id",)


@admin.register(Recharge)
class RechargePage(ReadOnlyPage):
    """What a workspace has set for its auto-recharge."""

    references: ClassVar[dict[str, Reference]] = WORKSPACE
    paginator = DeepPaginator
    list_display = (
        named("workspace_id", "Workspace"),
        "enabled",
        cents("threshold_cents", "Below"),
        cents("amount_cents", "Adds"),
        cents("monthly_ceiling_cents", "A month"),
        "card",
        "failures",
        moment("next_try_at", "Not before"),
        "off_because",
    )
    list_filter = (WorkspaceFilter, "enabled", "off_because")
    ordering = ("-changed_at",)
