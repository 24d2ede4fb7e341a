"""What a customer subscribes to: plans and the versions of their terms."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from catalog.included import includes

from .offer import Tier


class Plan(models.Model):
    """A named offer; its terms are in its versions.

    A plan with `only_for` is the custom plan of that one workspace: it has the rank of the plan it was made from,
    and nobody else sees or gets it.
    """

    slug = models.SlugField(max_length=32, unique=True)
    name = models.CharField(max_length=64)
    rank = models.PositiveSmallIntegerField(help_text="Higher includes more.")
    public = models.BooleanField(default=True, help_text="Named to customers as a plan they can have.")
    only_for = models.BigIntegerField(
        null=True, blank=True, unique=True, editable=False, help_text="The one workspace that has it."
    )

    class Meta:
        ordering = ["rank", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["rank"],
                condition=Q(only_for__isnull=True),
                name="plan_rank_once",
                violation_error_message="Another plan has this rank.",
            ),
            models.CheckConstraint(
                condition=Q(only_for__isnull=True) | Q(public=False), name="plan_of_one_is_not_public"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PlanVersion(models.Model):
    """The terms of a plan from one publication on; subscribers keep the version they took.

    They never change: a trigger refuses it, but for the moment of publication while that is to come.
    """

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
    tiers = ArrayField(models.CharField(max_length=16, choices=Tier.choices), blank=True)
    also_models = ArrayField(
        models.CharField(max_length=128),
        default=list,
        blank=True,
        help_text="Patterns of models that are included beside the tiers: route/qwen*.",
    )
    except_models = ArrayField(
        models.CharField(max_length=128),
        default=list,
        blank=True,
        help_text="Patterns of models that are not included, whatever the tiers and patterns above say.",
    )
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
    retention_days = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="For how many UTC days, today included, the customer can look at single requests; empty: as long as they are kept. Sums, statements and papers stay whole.",
    )
    spill_ceiling_nano = models.BigIntegerField(
        null=True,
        blank=True,
        help_text="Nano-USD a UTC month: the ceiling that is offered when a customer lets usage go on with the balance.",
    )

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
            models.CheckConstraint(
                condition=~Q(tiers=[]) | ~Q(also_models=[]),
                name="plan_includes_something",
                violation_error_message="Choose a tier, or name models.",
            ),
            models.CheckConstraint(
                condition=Q(retention_days__isnull=True) | Q(retention_days__gt=0),
                name="plan_retention_positive",
            ),
            models.CheckConstraint(
                condition=Q(spill_ceiling_nano__isnull=True) | Q(spill_ceiling_nano__gt=0),
                name="plan_spill_ceiling_positive",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id and self.plan.name} v{self.version}"

    def allows(self, public_id: str, tier: str) -> bool:
        """Tell whether these terms include a model of that id and tier."""
        return includes(public_id, tier, tiers=self.tiers, also=self.also_models, without=self.except_models)

    @property
    def is_paid_for(self) -> bool:
        """Whether it costs or brings something each period, so that who has it has a subscription."""
        return bool(self.price_nano or self.credits_nano)
