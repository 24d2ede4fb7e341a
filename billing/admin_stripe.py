"""The operator's pages of what comes from Stripe: its events, what they raise that somebody must look at, its customers."""

from typing import ClassVar

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.dataclasses import ActionDialog

from billing.admin_filters import WorkspaceFilter
from billing.admin_payment_forms import ResolveForm
from billing.admin_usage import WORKSPACE, FoundPage
from billing.models import PaymentAlert, StripeCustomer, StripeEvent
from billing.payments import alerts
from catalog.admin_acts import action
from catalog.admin_page import DeepPaginator, ReadOnlyPage, Reference, go_to, moment, named


@admin.register(StripeEvent)
class StripeEventPage(ReadOnlyPage):
    """What Stripe told us, and what it came to."""

    references: ClassVar[dict[str, Reference]] = WORKSPACE
    paginator = DeepPaginator
    list_display = (
        moment("received_at", "Received", order=True),
        "type",
        "outcome",
        named("workspace_id", "Workspace"),
        "livemode",
        "note",
        "event_id",
    )
    list_filter = (WorkspaceFilter, "outcome")
    search_fields = ("=event_id",)
    search_help_text = "An event's id"
    ordering = ("-received_at",)
    exclude = ("payload_sha256",)


@admin.register(PaymentAlert)
class PaymentAlertPage(FoundPage):
    """Something about a payment that somebody must look at."""

    list_display = (
        moment("created_at", "Since"),
        "kind",
        named("workspace_id", "Workspace"),
        "message",
        moment("resolved_at", "Closed"),
        "resolution",
    )
    list_filter = (("resolved_at", admin.EmptyFieldListFilter), "kind", WorkspaceFilter)
    ordering = ("-id",)
    actions_detail = ("resolve",)

    def has_resolve_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Tell whether this operator may close alerts."""
        return request.user.has_perm("billing.change_paymentalert")

    @action(
        description="Close",
        permissions=("resolve",),
        url_path="resolve",
        dialog=ActionDialog(
            title="Close this alert?",
            description="Say what was found and done; it is kept in your name.",
            form_class=ResolveForm,
            form_submit_text="Close",
        ),
    )
    def resolve(self, request: HttpRequest, form: ResolveForm, object_id: str) -> HttpResponse:
        """Close the alert."""
        found = PaymentAlert.objects.get(pk=object_id)
        words = form.cleaned_data["resolution"]
        if alerts.resolve(found, by=str(request.user), resolution=words):
            self.log_change(request, found, f"Closed: {words}")
            messages.success(request, "Closed.")
        return go_to(request, reverse("admin:billing_paymentalert_change", args=[object_id]))


@admin.register(StripeCustomer)
class StripeCustomerPage(FoundPage):
    """Who a workspace is at Stripe."""

    list_display = (named("workspace_id", "Workspace"), "customer_id", "livemode")
    list_filter = (WorkspaceFilter, "livemode")
    ordering = ("-id",)
