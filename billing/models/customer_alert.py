"""What customers are told by themselves: their alerts, each time one was met, where it goes, and what was sent of it."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from kernel import addresses, clock, money

from .delivery import Delivery

__all__ = ["CustomerAlert", "CustomerDelivery", "CustomerEndpoint", "CustomerFiring"]

_MONEY = ("spend", "forecast", "balance")


class CustomerAlert(models.Model):
    """When a workspace is told of something: an amount in nano-USD, or a share in percent.

    `episode` is the number of the present or next time of kinds that go by no calendar; `eased_at` is since when it
    holds no more, while that may be a pause.
    """

    class Kind(models.TextChoices):
        SPEND = "spend", "Spend of the month"
        FORECAST = "forecast", "Forecast of the month"
        KEY = "key", "Limit of a key"
        ERRORS = "errors", "Failed requests"
        BALANCE = "balance", "Low balance"

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.PROTECT, related_name="alerts")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    amount = models.BigIntegerField(null=True, help_text="Nano-USD.")
    percent = models.PositiveSmallIntegerField(null=True)
    api_key = models.ForeignKey(
        "accounts.ApiKey",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="Without: any key.",
    )
    by_mail = models.BooleanField("by e-mail", default=True)
    active = models.BooleanField("on", default=True)
    episode = models.PositiveIntegerField(default=1)
    eased_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    removed_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager["CustomerAlert"]] = models.Manager()

    class Meta:
        db_table = "billing_customer_alert"
        ordering = ["pk"]
        indexes = [
            models.Index(
                fields=["kind", "id"],
                condition=Q(active=True, removed_at__isnull=True),
                name="customer_alert_on",
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "kind", "amount", "percent", "api_key"],
                condition=Q(removed_at__isnull=True),
                nulls_distinct=False,
                name="customer_alert_once",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=_MONEY, amount__gt=0, percent__isnull=True)
                | Q(kind__in=["key", "errors"], amount__isnull=True, percent__gte=1, percent__lte=100),
                name="customer_alert_has_what_its_kind_needs",
            ),
            models.CheckConstraint(
                condition=Q(kind="key") | Q(api_key__isnull=True), name="customer_alert_key_of_its_kind"
            ),
            models.CheckConstraint(condition=Q(episode__gte=1), name="customer_alert_episode"),
        ]

    def __str__(self) -> str:
        measure = f"{self.percent} %" if self.amount is None else f"${money.show(self.amount, decimals=2)}"
        return f"{self.get_kind_display()}, {measure}"


class CustomerFiring(models.Model):
    """One time that an alert was met: once in a cycle of one subject, which the database sees to."""

    id = models.UUIDField(primary_key=True)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.PROTECT, related_name="+")
    alert = models.ForeignKey(CustomerAlert, on_delete=models.PROTECT, related_name="firings")
    cycle = models.CharField(
        max_length=40, help_text="The month, the window of a limit, or which time it is."
    )
    subject = models.CharField(max_length=20, blank=True, help_text="The number of a key, or nothing.")
    title = models.CharField(max_length=200)
    detail = models.CharField(max_length=400)
    url = models.CharField(max_length=200)
    value = models.BigIntegerField(help_text="Nano-USD, or thousandths of a percent.")
    fired_at = models.DateTimeField()

    objects: ClassVar[models.Manager["CustomerFiring"]] = models.Manager()

    class Meta:
        db_table = "billing_customer_firing"
        ordering = ["-fired_at", "-id"]
        indexes = [
            models.Index(fields=["workspace", "-fired_at", "-id"], name="customer_firing_newest"),
            models.Index(fields=["fired_at"], name="customer_firing_oldest"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["alert", "cycle", "subject"], name="customer_firing_once_a_cycle")
        ]

    def __str__(self) -> str:
        return self.title


class CustomerEndpoint(models.Model):
    """Where a workspace has its alerts posted; `sealed_before` signs as well for a day after the secret was renewed."""

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.PROTECT, related_name="endpoints")
    address = models.CharField(max_length=addresses.LONGEST_URL)
    sealed = models.BinaryField(editable=False)
    sealed_before = models.BinaryField(editable=False, default=b"")
    renewed_at = models.DateTimeField(null=True)
    active = models.BooleanField("on", default=True)
    created_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    removed_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager["CustomerEndpoint"]] = models.Manager()

    class Meta:
        db_table = "billing_customer_endpoint"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "address"],
                condition=Q(removed_at__isnull=True),
                name="customer_endpoint_once",
            ),
            models.CheckConstraint(
                condition=~Q(address="") & ~Q(sealed=b""), name="customer_endpoint_has_what_it_needs"
            ),
            models.CheckConstraint(
                condition=Q(renewed_at__isnull=True) | Q(renewed_at__gte=F("created_at")),
                name="customer_endpoint_renewed_later",
            ),
        ]

    @property
    def host(self) -> str:
        """The part of the address that tells no secret."""
        return self.address.removeprefix("https://").removeprefix("http://").partition("/")[0]

    def __str__(self) -> str:
        return self.host


class CustomerDelivery(Delivery):
    """One message of a workspace to one of its endpoints, or by mail to its people; of a firing, or a test."""

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.PROTECT, related_name="+")
    firing = models.ForeignKey(CustomerFiring, on_delete=models.PROTECT, null=True, related_name="deliveries")
    endpoint = models.ForeignKey(
        CustomerEndpoint,
        on_delete=models.PROTECT,
        null=True,
        related_name="deliveries",
        help_text="Without: by e-mail.",
    )

    objects: ClassVar[models.Manager["CustomerDelivery"]] = models.Manager()

    class Meta:
        db_table = "billing_customer_delivery"
        ordering = ["-made_at", "-id"]
        verbose_name_plural = "customer deliveries"
        indexes = [
            models.Index(fields=["workspace", "-made_at", "-id"], name="customer_delivery_newest"),
            models.Index(fields=["made_at"], name="customer_delivery_oldest"),
            models.Index(
                fields=["tries", "due_at"], condition=Q(status="waiting"), name="customer_delivery_due"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["firing", "endpoint"],
                condition=Q(firing__isnull=False),
                nulls_distinct=False,
                name="customer_delivery_once",
            ),
            models.CheckConstraint(
                condition=Q(firing__isnull=False) | Q(endpoint__isnull=False),
                name="customer_delivery_test_of_an_endpoint",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.firing or 'a test'}, {self.endpoint or 'by e-mail'}"
