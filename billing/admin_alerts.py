"""The operator's pages of alerts: the rules and how they stand, where alerts go, and the way to test them."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.dataclasses import ActionDialog

from billing import figures
from billing.admin_alert_forms import ChannelForm, RuleForm, kinds_explained
from billing.alerting import deliveries, reaching, rounds
from billing.alerting.kinds import KINDS
from billing.alerting.reading import shown
from billing.models import AlertChannel, AlertRule
from catalog.admin_acts import action
from catalog.admin_page import Page, badge, go_to
from kernel import clock


@admin.register(AlertRule)
class AlertRulePage(Page):
    """A rule: what is measured, from when on somebody is told, and whom."""

    form = RuleForm
    list_display = ("name", "state", "holds", "told", "active")
    list_filter = ("active", "kind", "channels")
    search_fields = ("name",)
    ordering = ("pk",)
    autocomplete_fields = ("channels",)
    list_before_template = "admin/alerts/rules.html"
    readonly_fields = ("measures",)
    fieldsets = (
        (None, {"fields": (("name", "active"), ("kind", "threshold"), "minutes", "channels")}),
        ("Quiet hours, in UTC", {"fields": (("quiet_from", "quiet_until"),)}),
        ("What is measured", {"fields": ("measures",)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[AlertRule]:
        """Return the rules with how many of their firings are open, and where they go."""
        rows: QuerySet[AlertRule] = super().get_queryset(request)
        begun = Q(firings__ended_at=None, firings__began_at__isnull=False)
        return rows.annotate(open_now=Count("firings", filter=begun)).prefetch_related("channels")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Show the rules below what is to be known of all of them."""
        last = rounds.last()
        context = {
            "last": last,
            "age": figures.age(clock.now() - last.ended_at) if last.ended_at else "",
            "late": last.ended_at is None or (clock.now() - last.ended_at).total_seconds() > 180,
            "mail": reaching.mail_is_set_up(),
        }
        return super().changelist_view(request, {**(extra_context or {}), "alerts": context})

    @admin.display(description="Now")
    def state(self, rule: AlertRule) -> SafeString:
        """Show whether it holds of something."""
        if not rule.active:
            return badge("cut", "off")
        number: int = rule.open_now  # type: ignore[attr-defined]
        if not number:
            return badge("", "quiet")
        page = reverse("admin:billing_alertfiring_changelist")
        word = format_html('<a class="ref" href="{}?rule__id__exact={}&ended_at__isempty=1">holds of {}</a>', page, rule.pk, number)  # fmt: skip
        return badge("failed", word)

    @admin.display(description="When")
    def holds(self, rule: AlertRule) -> str:
        """Show from when on somebody is told."""
        kind = KINDS[rule.kind]
        lasting = f", for {rule.minutes} min" if rule.minutes else ""
        quiet = f", not {rule.quiet_from:%H:%M}–{rule.quiet_until:%H:%M}" if rule.quiet_from else ""
        sign = "≤" if kind.below else "≥"
        return f"{rule.get_kind_display()}, {sign} {shown(rule.threshold, kind.unit)}{lasting}{quiet}"

    @admin.display(description="Told to")
    def told(self, rule: AlertRule) -> str:
        """Show where it goes."""
        return ", ".join(channel.name for channel in rule.channels.all() if channel.active) or "nobody"

    @admin.display(description="Kinds")
    def measures(self, rule: AlertRule) -> SafeString:
        """Show what each kind means."""
        return kinds_explained()


@admin.register(AlertChannel)
class AlertChannelPage(Page):
    """Where alerts go."""

    form = ChannelForm
    list_display = ("name", "kind", "goes_to", "active")
    list_filter = ("kind", "active")
    search_fields = ("name",)
    autocomplete_fields = ("people", "groups")
    list_before_template = "admin/alerts/rules.html"
    actions_detail = ("test",)
    fieldsets = (
        (None, {"fields": (("name", "active"), "kind")}),
        (
            "E-mail: with nobody named, to all operators who may do everything",
            {"fields": ("people", "groups")},
        ),
        ("Webhook, signed by Standard Webhooks", {"fields": ("address", "private", "secret")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[AlertChannel]:
        """Return the channels with those who are named."""
        rows: QuerySet[AlertChannel] = super().get_queryset(request)
        return rows.prefetch_related("people", "groups")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Show the channels, below a word where mails go nowhere."""
        context = {"mail": reaching.mail_is_set_up()}
        return super().changelist_view(request, {**(extra_context or {}), "alerts": context})

    @admin.display(description="Goes to")
    def goes_to(self, channel: AlertChannel) -> str:
        """Show to whom, or where."""
        if channel.kind == AlertChannel.Kind.WEBHOOK:
            return channel.address
        named = [
            *(person.email for person in channel.people.all()),
            *(group.name for group in channel.groups.all()),
        ]
        return ", ".join(named) or "operators who may do everything"

    def has_test_permission(self, request: HttpRequest, object_id: int | None = None) -> bool:
        """Tell whether this operator may have something sent."""
        return request.user.has_perm("billing.change_alertchannel")

    @action(
        description="Send a test",
        permissions=("test",),
        url_path="test",
        dialog=ActionDialog(
            title="Send a test?",
            description="It goes out within seconds, and says that nothing is wrong. What came of it is in the list of messages.",
            form_class=None,
            form_submit_text="Send it",
        ),
    )
    def test(self, request: HttpRequest, form: Any, object_id: int) -> HttpResponse:
        """Have a test sent."""
        channel = AlertChannel.objects.get(pk=object_id)
        made = deliveries.test(channel, by=str(request.user))
        self.log_change(request, channel, f"Sent a test, {made.pk}.")
        messages.success(request, "It goes out within seconds.")
        return go_to(request, reverse("admin:billing_alertdelivery_change", args=[made.pk]))
