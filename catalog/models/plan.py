"""What a customer subscribes to: plans and the versions of their terms."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from .offer import Tier


class Plan(models.Model):
    """A named offer; its terms are in its versions."""

    slug = models.SlugField(max_length=32, unique=True)
    name = models.CharField(max_length=64)
    rank = models.PositiveSmallIntegerField(unique=True, help_text="Higher includes more.")
    public = models.BooleanField(default=True)

    class Meta:
        ordering = ["rank"]

    def __str__(self) -> str:
        return self.name


class PlanVersion(models.Model):
    """The terms of a plan from one publication on; subscribers keep the version they took."""

    class Period(models.TextChoices):
        MONTH = "month"
        WEEK = "week"
        NONE = "none"

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="versions")
    version = models.PositiveIntegerField()
    published_at = models.DateTimeField()
    price_nano = models.BigIntegerField(help_text="Nano-USD per period.")
    credits_nano = models.BigIntegerField(help_text="Nano-USD of credit granted per period.")
    period = models.CharField(max_length=8, choices=Period.choices, default=Period.MONTH)
    tiers = ArrayField(models.CharField(max_length=16, choices=Tier.choices))
    minute_cap = models.PositiveIntegerField(null=True, blank=True, help_text="Requests; empty means no cap.")
    hour_cap = models.PositiveIntegerField(null=True, blank=True)
    day_cap = models.PositiveIntegerField(null=True, blank=True)
    stream_cap = models.PositiveIntegerField()
    default_max_tokens = models.PositiveIntegerField(default=8192)
    request_weights = models.JSONField(
        default=list, blank=True, help_text='In order, first match counts: [["route/qwen*", 2]].'
    )
    auto_models = ArrayField(
        models.CharField(max_length=128),
        default=list,
        blank=True,
        help_text='What "auto" stands for, in order: the first that can do what is asked is taken.',
    )
    empty_answers_are_free = models.BooleanField(default=True)

    class Meta:
        ordering = ["plan", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "version"], name="plan_version_once"),
            models.CheckConstraint(
                condition=Q(price_nano__gte=0, credits_nano__gte=0), name="plan_money_positive"
            ),
            models.CheckConstraint(
                condition=Q(default_max_tokens__gt=0), name="plan_default_max_tokens_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id and self.plan.name} v{self.version}"
