"""The rows of subscriptions: which plan's credits come in which periods, and every change with who made it and why."""

import uuid

from django.db import models
from django.db.models import F, Q

from catalog.models import PlanVersion
from kernel import clock


class Subscription(models.Model):
    """One run of periods of a workspace on a plan that costs or brings something; days are of UTC.

    `anchor` is the day its first period began. `due_on` is the first day on which the sweep has something to do with
    it; a subscription paid through Stripe moves on by payments alone and has none.
    """

    class Status(models.TextChoices):
        ACTIVE = "active"
        PAST_DUE = "past_due", "past due"
        CANCELLED = "cancelled"

    class Source(models.TextChoices):
        OPERATOR = "operator"
        STRIPE = "stripe", "Stripe"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace_id = models.BigIntegerField()
    plan_version = models.ForeignKey(PlanVersion, on_delete=models.PROTECT, related_name="subscriptions")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.ACTIVE)
    source = models.CharField(max_length=16, choices=Source.choices, default=Source.OPERATOR)
    anchor = models.DateField()
    current_period_start = models.DateField()
    current_period_end = models.DateField(
        null=True, help_text="The first day after it; none where the plan has no periods."
    )
    granted_for = models.DateField(
        null=True, help_text="Start of the last period whose credits were granted."
    )
    due_on = models.DateField(null=True)
    next_plan_version = models.ForeignKey(
        PlanVersion,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="From the next period on.",
    )
    cancel_at_period_end = models.BooleanField(default=False)
    missed = models.PositiveIntegerField(
        default=0, help_text="Periods that were over before anything could be granted."
    )
    missed_last = models.DateField(null=True, help_text="When the last of them began.")
    stripe_subscription_id = models.CharField(max_length=255, null=True, unique=True)
    stripe_customer_id = models.CharField(max_length=255, null=True)
    stripe_heard = models.BigIntegerField(
        default=0, help_text="Unix time of the newest of Stripe's words on its state."
    )
    created_at = models.DateTimeField(default=clock.now)
    ended_on = models.DateField(null=True)

    class Meta:
        db_table = "billing_subscription"
        ordering = ["-created_at"]
        indexes = [
            models.Index(
                fields=["due_on", "id"],
                condition=Q(due_on__isnull=False),
                name="subscription_due",
            ),
            models.Index(fields=["workspace_id", "created_at"], name="subscription_of_workspace"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace_id"],
                condition=~Q(status="cancelled"),
                name="subscription_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["active", "past_due", "cancelled"]), name="subscription_status_known"
            ),
            models.CheckConstraint(
                condition=Q(source="operator", stripe_subscription_id__isnull=True)
                | Q(source="stripe", stripe_subscription_id__isnull=False, due_on__isnull=True),
                name="subscription_source_fits",
            ),
            models.CheckConstraint(
                condition=Q(current_period_start__gte=F("anchor"))
                & (Q(current_period_end__isnull=True) | Q(current_period_end__gt=F("current_period_start"))),
                name="subscription_period_fits",
            ),
            models.CheckConstraint(
                condition=Q(status="cancelled", ended_on__isnull=False, due_on__isnull=True)
                | (~Q(status="cancelled") & Q(ended_on__isnull=True)),
                name="subscription_ends_once",
            ),
            models.CheckConstraint(
                condition=Q(cancel_at_period_end=False) | Q(current_period_end__isnull=False),
                name="subscription_cancels_at_an_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan_version} since {self.anchor}"


class SubscriptionChange(models.Model):
    """What was done to a workspace's plan: by whom, why, from when, and what it granted. Append-only.

    Its token is that of the form or call that asked: the same one a second time does nothing.
    """

    class Kind(models.TextChoices):
        BEGUN = "begun"
        CHANGED = "changed", "changed at once"
        SCHEDULED = "scheduled", "changes at the period's end"
        KEPT = "kept", "stays as it is"
        TAKEN = "taken", "scheduled change took effect"
        MOVED = "moved", "moved with all who had its terms"
        ENDED = "ended"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace_id = models.BigIntegerField()
    token = models.UUIDField()
    kind = models.CharField(max_length=16, choices=Kind.choices)
    from_version = models.ForeignKey(PlanVersion, on_delete=models.PROTECT, related_name="+")
    to_version = models.ForeignKey(PlanVersion, on_delete=models.PROTECT, related_name="+")
    takes_effect_on = models.DateField()
    granted_nano = models.BigIntegerField(default=0, help_text="Nano-USD of credit granted with it.")
    reason = models.CharField(max_length=500, blank=True)
    actor = models.CharField(max_length=254)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "billing_subscription_change"
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace_id", "token"], name="subscription_change_once_per_token"
            ),
            models.CheckConstraint(condition=Q(granted_nano__gte=0), name="subscription_change_grants"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.to_version}"
