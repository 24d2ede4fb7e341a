"""What operators are told by themselves: the rules, where to, each time a rule held, and what was sent of it."""

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from kernel import addresses

from .delivery import Delivery

__all__ = ["AlertChannel", "AlertDelivery", "AlertFiring", "AlertRule"]


class AlertChannel(models.Model):
    """Where alerts go: by mail to people and groups, or to an address of ours as a signed webhook."""

    class Kind(models.TextChoices):
        MAIL = "mail", "E-mail"
        WEBHOOK = "webhook", "Webhook"

    name = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.MAIL)
    people = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="+")
    groups = models.ManyToManyField(Group, blank=True, related_name="+")
    address = models.CharField(
        max_length=addresses.LONGEST_URL, blank=True, help_text="With https://, no ? in it."
    )
    private = models.BooleanField(
        "on our own network", default=False, help_text="Allows http:// and private addresses."
    )
    sealed = models.BinaryField(editable=False, default=b"")
    active = models.BooleanField(default=True)

    class Meta:
        db_table = "billing_alert_channel"
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="mail", address="", sealed=b"")
                | (Q(kind="webhook") & ~Q(address="") & ~Q(sealed=b"")),
                name="alert_channel_has_what_its_kind_needs",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse an address that must not be called."""
        if self.address:
            try:
                addresses.check_url(self.address, private=self.private)
            except addresses.RefusedAddress as error:
                raise ValidationError({"address": str(error)}) from None


class AlertRule(models.Model):
    """When operators are told: what is measured, from which value on, for how long, and whom."""

    class Kind(models.TextChoices):
        AUDIT = "audit", "An audit is red"
        LAG = "lag", "Charges reach the ledger late"
        DEGRADED = "degraded", "Something is away"
        JOURNAL = "journal", "Settlements wait on a disk"
        BREAKER = "breaker", "A breaker is open"
        ERRORS = "errors", "An upstream fails"
        KEYS = "keys", "A key of ours was refused"
        UNPRICED = "unpriced", "Models have no price"
        MARGIN = "margin", "The margin of a model is low"
        SPENDING = "spending", "A workspace spends more than usual"
        REFUSALS = "refusals", "Many requests are refused"
        WEBHOOKS = "webhooks", "Events of Stripe fail"
        DISPUTES = "disputes", "A payment is disputed"
        PAYMENTS = "payments", "A payment needs a person"

    kind = models.CharField(max_length=12, choices=Kind.choices)
    name = models.CharField(max_length=64, unique=True)
    threshold = models.DecimalField(max_digits=12, decimal_places=2)
    minutes = models.PositiveSmallIntegerField(
        "for minutes", default=0, help_text="It must hold for so long before anybody is told."
    )
    channels = models.ManyToManyField(AlertChannel, blank=True, related_name="rules")
    quiet_from = models.TimeField(null=True, blank=True, help_text="UTC; nothing is sent from here on,")
    quiet_until = models.TimeField(null=True, blank=True, help_text="UTC; and what still holds is sent here.")
    active = models.BooleanField("on", default=True)

    class Meta:
        db_table = "billing_alert_rule"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(threshold__gt=0),
                name="alert_rule_threshold",
                violation_error_message="More than zero.",
            ),
            models.CheckConstraint(
                condition=Q(minutes__lte=1440),
                name="alert_rule_minutes",
                violation_error_message="At most a day, 1440 minutes.",
            ),
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | (
                    Q(quiet_from__isnull=False, quiet_until__isnull=False)
                    & ~Q(quiet_from=models.F("quiet_until"))
                ),
                name="alert_rule_quiet_hours",
                violation_error_message="Quiet hours have a beginning and another end.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class AlertFiring(models.Model):
    """One time that a rule held of one thing: noticed, begun once it held for long enough, ended. One is open at a time."""

    id = models.UUIDField(primary_key=True)
    rule = models.ForeignKey(AlertRule, on_delete=models.PROTECT, related_name="firings")
    subject = models.CharField(max_length=200, help_text="What it holds of, as the rule's kind names it.")
    title = models.CharField(max_length=200)
    detail = models.CharField(max_length=400)
    url = models.CharField(max_length=400)
    value = models.DecimalField(max_digits=14, decimal_places=2, help_text="What was measured when it began.")
    worst = models.DecimalField(max_digits=14, decimal_places=2)
    threshold = models.DecimalField(max_digits=12, decimal_places=2)
    noticed_at = models.DateTimeField()
    began_at = models.DateTimeField(null=True)
    clear_since = models.DateTimeField(
        null=True, help_text="Since when it holds no more, while that may be a pause."
    )
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "billing_alert_firing"
        ordering = ["-noticed_at"]
        indexes = [models.Index(fields=["-noticed_at", "-id"], name="alert_firing_newest")]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "subject"], condition=Q(ended_at__isnull=True), name="alert_firing_open_once"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(began_at__isnull=False),
                name="alert_firing_ends_what_began",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class AlertDelivery(Delivery):
    """One message to one channel: that something began, that it ended, or a test; tried until it is taken, a few times."""

    class Event(models.TextChoices):
        BEGAN = "began", "began"
        ENDED = "ended", "ended"
        TEST = "test", "a test"

    firing = models.ForeignKey(AlertFiring, on_delete=models.PROTECT, null=True, related_name="deliveries")
    channel = models.ForeignKey(AlertChannel, on_delete=models.PROTECT, related_name="deliveries")
    event = models.CharField(max_length=8, choices=Event.choices)

    class Meta:
        db_table = "billing_alert_delivery"
        ordering = ["-made_at"]
        verbose_name_plural = "alert deliveries"
        indexes = [
            models.Index(fields=["-made_at", "-id"], name="alert_delivery_newest"),
            models.Index(fields=["due_at"], condition=Q(status="waiting"), name="alert_delivery_due"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["firing", "channel", "event"],
                condition=Q(firing__isnull=False),
                name="alert_delivery_once",
            ),
            models.CheckConstraint(
                condition=Q(firing__isnull=True, event="test") | (Q(firing__isnull=False) & ~Q(event="test")),
                name="alert_delivery_tells_of_a_firing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_event_display()}, to {self.channel}"
