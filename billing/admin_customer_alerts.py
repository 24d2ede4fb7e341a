"""The operator's pages of customers' alerts: what they have watched, what was met, where it goes and what was sent; read-only."""

from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString

from billing.admin_firings import SENT_BADGES, tries_table
from billing.customer_alerts import rules
from billing.models import CustomerAlert, CustomerDelivery, CustomerEndpoint, CustomerFiring
from catalog.admin_page import DeepPaginator, ReadOnlyPage, badge, figure, moment

__all__: list[str] = []


def _standing(row: Any) -> SafeString:
    """Show whether a row is in use."""
    if row.removed_at is not None:
        return badge("cut", "taken away")
    return badge("", "on") if row.active else badge("cut", "off")


@admin.register(CustomerAlert)
class CustomerAlertPage(ReadOnlyPage):
    """An alert of a workspace: what it watches, from when on it is met."""

    list_display = (
        "words",
        "workspace",
        "kind",
        "state",
        "by_mail",
        "created_by",
        moment("created_at", "Made"),
    )
    list_filter = ("kind", "active", ("removed_at", admin.EmptyFieldListFilter))
    list_select_related = ("workspace", "api_key", "created_by")
    search_fields = ("workspace__slug",)
    ordering = ("-pk",)
    paginator = DeepPaginator
    fields = (
        ("words", "state"),
        ("workspace", "by_mail"),
        ("created_by", "created_at"),
        ("episode", "eased_at", "removed_at"),
    )

    @admin.display(description="Alert")
    def words(self, row: CustomerAlert) -> str:
        """Show when it is met."""
        return rules.words(row)

    @admin.display(description="State")
    def state(self, row: CustomerAlert) -> SafeString:
        """Show whether it is looked at."""
        return _standing(row)


@admin.register(CustomerFiring)
class CustomerFiringPage(ReadOnlyPage):
    """One time that an alert was met."""

    list_display = ("title", "workspace", moment("fired_at", "When"), "cycle", "detail")
    list_filter = ("alert__kind",)
    list_select_related = ("workspace", "alert")
    search_fields = ("workspace__slug",)
    ordering = ("-fired_at", "-pk")
    paginator = DeepPaginator
    fields = (("title", "workspace"), "detail", ("alert", "cycle", "subject"), ("value", "fired_at"))


@admin.register(CustomerEndpoint)
class CustomerEndpointPage(ReadOnlyPage):
    """Where a workspace has its alerts posted; its secret is shown to nobody."""

    list_display = ("address", "workspace", "state", "created_by", moment("created_at", "Made"))
    list_filter = ("active", ("removed_at", admin.EmptyFieldListFilter))
    list_select_related = ("workspace", "created_by")
    search_fields = ("workspace__slug", "address")
    ordering = ("-pk",)
    paginator = DeepPaginator
    fields = (("address", "state"), ("workspace", "created_by"), ("created_at", "renewed_at", "removed_at"))

    @admin.display(description="State")
    def state(self, row: CustomerEndpoint) -> SafeString:
        """Show whether anything is posted there."""
        return _standing(row)


@admin.register(CustomerDelivery)
class CustomerDeliveryPage(ReadOnlyPage):
    """One message of a workspace: what it says, and each try."""

    list_display = (moment("made_at", "Made", order=True), "workspace", "goes_to", "about", "state", figure("tries", "Tries", lambda row: row.tries), moment("sent_at", "Sent"))  # fmt: skip
    list_filter = ("status",)
    list_select_related = ("workspace", "firing", "endpoint")
    search_fields = ("workspace__slug",)
    ordering = ("-made_at", "-pk")
    paginator = DeepPaginator
    fieldsets = (
        (None, {"fields": (("workspace", "goes_to"), ("about", "state"))}),
        ("Tries", {"fields": ("tries_made", ("due_at", moment("sent_at", "Sent")))}),
        ("What is sent", {"fields": ("body", "id")}),
    )

    @admin.display(description="To")
    def goes_to(self, row: CustomerDelivery) -> str:
        """Show where it goes."""
        return str(row.endpoint or "e-mail")

    @admin.display(description="About")
    def about(self, row: CustomerDelivery) -> str:
        """Show what it tells of."""
        return str(row.firing or "a test")

    @admin.display(description="State")
    def state(self, row: CustomerDelivery) -> SafeString:
        """Show how far it is."""
        return badge(SENT_BADGES[row.status], row.get_status_display())

    @admin.display(description="Log")
    def tries_made(self, row: CustomerDelivery) -> SafeString | str:
        """Show each try."""
        return tries_table(row)
