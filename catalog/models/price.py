"""What things cost: dated, append-only price versions with their rates, and dated multipliers."""

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from catalog.timetable import EVERY_DAY, MINUTES_PER_DAY

from .offer import Model
from .route import Provider


class TokenClass(models.TextChoices):
    """What is counted on an event; the classes are disjoint, so each token is paid once. Every page has these words."""

    INPUT = "input", "Input"
    CACHED = "cached", "Cached input"
    CACHE_WRITE = "cache_write", "Cache write"
    CACHE_WRITE_1H = "cache_write_1h", "Cache write, 1 h"
    OUTPUT = "output", "Output"
    REASONING = "reasoning", "Reasoning"
    IMAGE_IN = "image_in", "Image input"
    IMAGE_OUT = "image_out", "Image output"
    AUDIO_IN = "audio_in", "Audio input"
    AUDIO_OUT = "audio_out", "Audio output"
    REQUEST = "request", "Request fee"
    IMAGE = "image", "Images"
    WEB_SEARCH = "web_search", "Web searches"


class PriceKind(models.TextChoices):
    """What a price goes before: a promotion before a time of day, and that before the standard price."""

    STANDARD = "standard"
    PROMOTION = "promotion"
    TIME_OF_DAY = "time_of_day", "time of day"


class PriceVersion(models.Model):
    """A price from a moment on: the sell price of a model, or what a provider charges us for it.

    Nothing of it changes but its end, which can be moved nearer and never into the past; one that is withdrawn
    before it begins ends at its beginning, and was never in force.
    """

    model = models.ForeignKey(Model, on_delete=models.PROTECT, related_name="price_versions")
    provider = models.ForeignKey(
        Provider, on_delete=models.PROTECT, null=True, blank=True, help_text="Empty for the sell price."
    )
    kind = models.CharField(
        max_length=16,
        choices=PriceKind.choices,
        default=PriceKind.STANDARD,
        help_text="A promotion goes before a time of day, and that before the standard price.",
    )
    label = models.CharField(
        max_length=40, blank=True, help_text="What customers read, such as Night rate or Launch offer."
    )
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(
        null=True, blank=True, help_text="The first moment at which it is over; a promotion must have one."
    )
    daily_from = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Minute of the UTC day, for a time of day."
    )
    daily_until = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Before its beginning: it runs past midnight."
    )
    weekdays = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="Days on which the time of day begins: 1 is Monday, 2 Tuesday, 4 Wednesday.",
    )
    below_cost = models.BooleanField(
        default=False, help_text="Meant to sell below what a provider charges us."
    )
    reason = models.CharField(max_length=200, blank=True, help_text="Why it is sold below cost.")
    source = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)
    sealed_in = models.BigIntegerField(
        null=True,
        blank=True,
        editable=False,
        help_text="The transaction that made it; a trigger writes it, and takes rates in that one only.",
    )

    rates: ClassVar["models.Manager[Rate]"]

    class Meta:
        ordering = ["model", "-valid_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["model", "provider", "kind", "valid_from", "daily_from", "daily_until", "weekdays"],
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=F("valid_from")),
                name="price_once_per_moment",
                nulls_distinct=False,
            ),
            models.CheckConstraint(condition=Q(kind__in=PriceKind.values), name="price_kind_known"),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
                name="price_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=~Q(kind="promotion") | Q(valid_until__isnull=False),
                name="price_of_a_promotion_ends",
            ),
            models.CheckConstraint(
                condition=~Q(kind="standard") | Q(valid_until__isnull=True) | Q(valid_until=F("valid_from")),
                name="price_is_followed_and_not_ended",
            ),
            models.CheckConstraint(
                condition=Q(
                    kind="time_of_day",
                    daily_from__isnull=False,
                    daily_until__isnull=False,
                    weekdays__isnull=False,
                    daily_from__lt=MINUTES_PER_DAY,
                    daily_until__gt=0,
                    daily_until__lte=MINUTES_PER_DAY,
                    weekdays__gt=0,
                    weekdays__lte=EVERY_DAY,
                )
                & ~Q(daily_from=F("daily_until"))
                | Q(
                    ~Q(kind="time_of_day"),
                    daily_from__isnull=True,
                    daily_until__isnull=True,
                    weekdays__isnull=True,
                ),
                name="price_window_fits_kind",
            ),
            models.CheckConstraint(
                condition=Q(kind="standard") | ~Q(label=""), name="price_that_is_special_has_a_label"
            ),
            models.CheckConstraint(
                condition=Q(below_cost=False) | ~Q(reason=""), name="price_below_cost_has_a_reason"
            ),
        ]

    def __str__(self) -> str:
        what = f" {self.label}" if self.label else ""
        return f"{self.model_id and self.model.public_id}{what} from {self.valid_from:%Y-%m-%d %H:%M}"

    @property
    def withdrawn(self) -> bool:
        """Whether it was taken back before it began."""
        return self.valid_until is not None and self.valid_until <= self.valid_from


class Rate(models.Model):
    """The price of one class, in micro-USD per million units (= pico-USD a unit), from a prompt length on."""

    price_version = models.ForeignKey(PriceVersion, on_delete=models.CASCADE, related_name="rates")
    token_class = models.CharField(max_length=16, choices=TokenClass.choices)
    min_prompt_tokens = models.PositiveIntegerField(
        default=0, help_text="Applies to prompts longer than this."
    )
    micro_usd_per_million = models.BigIntegerField()

    class Meta:
        ordering = ["price_version", "token_class", "min_prompt_tokens"]
        constraints = [
            models.UniqueConstraint(
                fields=["price_version", "token_class", "min_prompt_tokens"], name="rate_once"
            ),
            models.CheckConstraint(
                condition=Q(micro_usd_per_million__gte=0, micro_usd_per_million__lte=10**15),
                name="rate_in_range",
            ),
            models.CheckConstraint(condition=Q(token_class__in=TokenClass.values), name="rate_class_known"),
        ]

    def __str__(self) -> str:
        return f"{self.token_class} {self.micro_usd_per_million}"


class Scope(models.TextChoices):
    """What a multiplier applies to; the effective factor is the product of one row per scope, in this order."""

    PLATFORM = "platform"
    DIALECT = "dialect"
    BYOK = "byok", "a customer's own key"
    PROVIDER = "provider"
    TIER = "tier"
    MODEL = "model"
    PLAN = "plan"
    WORKSPACE = "workspace"


class Multiplier(models.Model):
    """A dated factor on the price for everything a scope and target name."""

    scope = models.CharField(max_length=16, choices=Scope.choices)
    target = models.CharField(
        max_length=128,
        blank=True,
        help_text="Slug or id within the scope; empty for the platform. For own keys a provider, or empty for all.",
    )
    factor_ppm = models.BigIntegerField(help_text="Millionths: 1400000 is 1.4 times the price.")
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=200)

    class Meta:
        ordering = ["scope", "target", "-valid_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["scope", "target", "valid_from"], name="multiplier_once_per_moment"
            ),
            models.CheckConstraint(
                condition=Q(factor_ppm__gte=0, factor_ppm__lte=10**9), name="multiplier_in_range"
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=models.F("valid_from")),
                name="multiplier_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=Q(scope="platform", target="")
                | Q(scope="byok")
                | (~Q(scope="platform") & ~Q(target="")),
                name="multiplier_target_fits_scope",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.target} × {self.factor_ppm / 1_000_000:g}"

    def clean(self) -> None:
        """Refuse a span that another factor of the same scope and target has; the database refuses it too."""
        super().clean()
        if self.valid_from is None:
            return
        others = Multiplier.objects.filter(scope=self.scope, target=self.target).exclude(pk=self.pk)
        others = others.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=self.valid_from))
        if self.valid_until is not None:
            others = others.filter(valid_from__lt=self.valid_until)
        for other in others.order_by("valid_from")[:1]:
            until = f"{other.valid_until:%Y-%m-%d %H:%M}" if other.valid_until else "further notice"
            raise ValidationError(
                f"{other} is in force from {other.valid_from:%Y-%m-%d %H:%M} until {until}, UTC: only one factor "
                "of a scope and target holds at a time. End it first."
            )
