"""What things cost: dated, append-only price versions with their rates, and dated multipliers."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from .offer import Model
from .route import Provider


class TokenClass(models.TextChoices):
    """What is counted on an event; the classes are disjoint, so each token is paid once."""

    INPUT = "input"
    CACHED = "cached"
    CACHE_WRITE = "cache_write"
    CACHE_WRITE_1H = "cache_write_1h"
    OUTPUT = "output"
    REASONING = "reasoning"
    IMAGE_IN = "image_in"
    IMAGE_OUT = "image_out"
    AUDIO_IN = "audio_in"
    AUDIO_OUT = "audio_out"
    REQUEST = "request"
    IMAGE = "image"
    WEB_SEARCH = "web_search"


class PriceVersion(models.Model):
    """A price from a moment on: the sell price of a model, or what a provider charges us for it."""

    model = models.ForeignKey(Model, on_delete=models.PROTECT, related_name="price_versions")
    provider = models.ForeignKey(
        Provider, on_delete=models.PROTECT, null=True, blank=True, help_text="Empty for the sell price."
    )
    valid_from = models.DateTimeField()
    source = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    rates: ClassVar["models.Manager[Rate]"]

    class Meta:
        ordering = ["model", "-valid_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["model", "provider", "valid_from"], name="price_once_per_moment", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.model_id and self.model.public_id} from {self.valid_from:%Y-%m-%d %H:%M}"


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
