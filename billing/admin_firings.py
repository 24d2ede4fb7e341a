"""The operator's pages of what alerts did: what began and ended, and each message with its tries; all read-only."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.dataclasses import ActionDialog

from billing.alerting import trying
from billing.alerting.kinds import KINDS
from billing.alerting.reading import shown
from billing.models import AlertDelivery, AlertFiring
from billing.models.delivery import Delivery
from catalog.admin_acts import action
from catalog.admin_page import NOTHING, DeepPaginator, ReadOnlyPage, badge, figure, go_to, moment, table

__all__ = ["SENT_BADGES", "tries_table"]

SENT_BADGES = {"waiting": "waits", "sent": "", "failed": "failed", "spared": "cut"}
"""As a delivery is, so is its badge."""


def _measured(name: str, label: str) -> Any:
    """Return a column that shows a figure of a firing in the unit of its rule."""
    return figure(name, label, lambda row: shown(getattr(row, name), KINDS[row.rule.kind].unit))


@admin.register(AlertFiring)
class AlertFiringPage(ReadOnlyPage):
    """One time that a rule held of something: since when, until when, and who was told."""

    list_display = ("title", "state", "rule", _measured("value", "Value"), _measured("threshold", "Threshold"), moment("noticed_at", "Since", order=True), moment("ended_at", "Until"), "told")  # fmt: skip
    list_filter = (("ended_at", admin.EmptyFieldListFilter), "rule")
    list_select_related = ("rule",)
    ordering = ("-noticed_at",)
    paginator = DeepPaginator
    fieldsets = (
        (None, {"fields": ("title", "detail", ("rule", "elsewhere"))}),
        ("Figures", {"fields": ((_measured("value", "Value"), _measured("worst", "At worst")), _measured("threshold", "Threshold"))}),
        ("When, in UTC", {"fields": ((moment("noticed_at", "Since"), moment("began_at", "Told from")), moment("ended_at", "Until"))}),
        ("Who was told", {"fields": ("messages",)}),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[AlertFiring]:
        """Return what began: what was only noticed may be gone within a minute."""
        rows: QuerySet[AlertFiring] = super().get_queryset(request)
        return rows.filter(began_at__isnull=False)

    def prepare(self, rows: Sequence[Any]) -> None:
        """Add what was sent: one query."""
        sent = AlertDelivery.objects.filter(firing__in=[row.pk for row in rows]).select_related("channel")
        for row in rows:
            row.sent = [each for each in sent if each.firing_id == row.pk]

    @admin.display(description="State")
    def state(self, row: AlertFiring) -> SafeString:
        """Show whether it goes on."""
        return badge("failed", "holds") if row.ended_at is None else badge("cut", "over")

    @admin.display(description="Told")
    def told(self, row: Any) -> str:
        """Show the channels that took its beginning."""
        names = [each.channel.name for each in row.sent if each.event == "began" and each.sent_at]
        return ", ".join(names) or "nobody"

    @admin.display(description="Where it is seen to")
    def elsewhere(self, row: AlertFiring) -> SafeString:
        """Show the way to what it is about."""
        return format_html('<a class="ref" href="{}">Look</a>', row.url)

    @admin.display(description="Messages")
    def messages(self, row: Any) -> SafeString | str:
        """Show what was sent, each with the way to its log."""
        if not row.sent:
            return "Nobody: the rule had no channel that was on."
        return table(
            ("To", "Of", "State", "Sent"),
            (
                (_way(each), each.get_event_display(), _sent_badge(each), _at(each.sent_at))
                for each in row.sent
            ),
            figures_from=9,
        )


@admin.register(AlertDelivery)
class AlertDeliveryPage(ReadOnlyPage):
    """One message: what it said, each try, and the way to send it again."""

    list_display = (moment("made_at", "Made"), "channel", "event", "about", "state", figure("tries", "Tries", lambda row: row.tries), moment("sent_at", "Sent"))  # fmt: skip
    list_filter = ("status", "event", "channel")
    list_select_related = ("channel", "firing")
    ordering = ("-made_at",)
    paginator = DeepPaginator
    actions_detail = ("again",)
    fieldsets = (
        (None, {"fields": (("channel", "state"), "about")}),
        ("Tries", {"fields": ("tries_made", ("due", moment("sent_at", "Sent")))}),
        ("What is sent", {"fields": ("body", "id")}),
    )

    @admin.display(description="State")
    def state(self, row: AlertDelivery) -> SafeString:
        """Show how far it is."""
        return _sent_badge(row)

    @admin.display(description="About")
    def about(self, row: AlertDelivery) -> str:
        """Show what it tells of."""
        return f"{row.firing} {row.get_event_display()}" if row.firing_id else "a test"

    @admin.display(description="Next try")
    def due(self, row: AlertDelivery) -> str:
        """Show when it is tried next."""
        return _at(row.due_at) if row.status == AlertDelivery.Status.WAITING else NOTHING

    @admin.display(description="Log")
    def tries_made(self, row: AlertDelivery) -> SafeString | str:
        """Show each try."""
        return tries_table(row)

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[Any]:
        """Return the way to send it again, of what does not wait."""
        waits = AlertDelivery.objects.filter(pk=object_id, status=AlertDelivery.Status.WAITING).exists()
        return [] if waits else list(super().get_actions_detail(request, object_id))

    def has_again_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Tell whether this operator may have something sent."""
        return request.user.has_perm("billing.change_alertdelivery")

    @action(
        description="Send again",
        permissions=("again",),
        url_path="again",
        dialog=ActionDialog(
            title="Send this message again?",
            description="The same message with the same id goes out within seconds, in a new envelope.",
            form_class=None,
            form_submit_text="Send it again",
        ),
    )
    def again(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        """Have it sent once more."""
        row = AlertDelivery.objects.get(pk=object_id)
        try:
            trying.again(row)
        except trying.NotAllowed as error:
            messages.error(request, str(error))
        else:
            self.log_change(request, row, "Sent again.")
            messages.success(request, "It goes out within seconds.")
        return go_to(request, reverse("admin:billing_alertdelivery_change", args=[row.pk]))


def tries_table(delivery: Delivery) -> SafeString | str:
    """Return each try of a message."""
    if not delivery.log:
        return "Not tried yet."
    tries = ((each["at"].replace("T", " ")[:19], each["said"], f"{each['ms']:,} ms") for each in delivery.log)
    return table(("When, UTC", "What came of it", "Took"), tries, figures_from=2)


def _way(delivery: AlertDelivery) -> SafeString:
    page = reverse("admin:billing_alertdelivery_change", args=[delivery.pk])
    return format_html('<a class="ref" href="{}">{}</a>', page, delivery.channel.name)


def _sent_badge(delivery: AlertDelivery) -> SafeString:
    return badge(SENT_BADGES[delivery.status], delivery.get_status_display())


def _at(at: Any) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at is not None else NOTHING
