"""Where requests go: providers, their endpoints, and the ordered, versioned chains of hops."""

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from catalog.headers import check_headers
from kernel import addresses

from .offer import Model


class Dialect(models.TextChoices):
    """The protocol an upstream speaks."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    GEMINI = "gemini"
    SANDBOX = "sandbox"


class Reasoning(models.TextChoices):
    """The field by which an upstream is asked to think."""

    EFFORT = "effort", "reasoning_effort (OpenAI)"
    REASONING = "reasoning", "reasoning (OpenRouter)"
    THINKING = "thinking", "thinking (DeepSeek, GLM, Anthropic)"
    ENABLE_THINKING = "enable_thinking", "enable_thinking (Qwen)"
    NONE = "none", "takes no such field"


class Provider(models.Model):
    """A company (or the built-in sandbox) that answers requests for us."""

    slug = models.SlugField(max_length=32, unique=True)
    name = models.CharField(max_length=64)
    dialect = models.CharField(max_length=16, choices=Dialect.choices, default=Dialect.OPENAI)
    reasoning = models.CharField(
        max_length=16,
        choices=Reasoning.choices,
        default=Reasoning.EFFORT,
        help_text="How it is asked to think.",
    )
    developer_role = models.BooleanField(
        default=False, help_text="Knows the role developer; elsewhere such messages go as system."
    )
    active = models.BooleanField(default=True)
    private = models.BooleanField(
        default=False,
        help_text="Runs on a private or local address. Without it such addresses are refused, here and at each call.",
    )
    headers = models.JSONField(
        default=dict,
        blank=True,
        help_text='Sent with every call, such as {"X-Title": "Tollway"}; no secrets.',
    )
    drain_seconds = models.PositiveSmallIntegerField(
        default=0,
        help_text="How long a stream whose caller left is read on for its usage, up to 5; 0 closes it at once.",
    )
    status_page_url = models.URLField(blank=True)

    class Meta:
        ordering = ["slug"]
        constraints = [
            models.CheckConstraint(
                condition=Q(drain_seconds__lte=5), name="provider_drains_five_seconds_at_most"
            ),
            models.CheckConstraint(condition=Q(dialect__in=Dialect.values), name="provider_dialect_known"),
            models.CheckConstraint(
                condition=Q(reasoning__in=Reasoning.values), name="provider_reasoning_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse headers that must not be sent, and to be public with an address that only a private one may have."""
        super().clean()
        check_headers(self.headers)
        for endpoint in self.endpoints.exclude(base_url="") if self.pk else ():
            try:
                addresses.check_url(endpoint.base_url, private=self.private)
            except addresses.RefusedAddress as refused:
                raise ValidationError({"private": f"Its endpoint {endpoint.name}: {refused}"}) from None


class Endpoint(models.Model):
    """One account at a provider: its address, its keys and how long we wait for it."""

    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="endpoints")
    name = models.CharField(max_length=64)
    base_url = models.CharField(max_length=300, help_text="Up to and including /v1.")
    needs_credential = models.BooleanField(default=True)
    active = models.BooleanField(default=True)
    connect_seconds = models.PositiveSmallIntegerField(default=5)
    first_byte_seconds = models.PositiveSmallIntegerField(default=120)
    idle_seconds = models.PositiveSmallIntegerField(default=120)
    total_seconds = models.PositiveSmallIntegerField(default=600)

    class Meta:
        ordering = ["provider__slug", "name"]
        constraints = [
            models.UniqueConstraint(fields=["provider", "name"], name="endpoint_once_per_provider"),
            models.CheckConstraint(
                condition=Q(
                    connect_seconds__gt=0, first_byte_seconds__gt=0, idle_seconds__gt=0, total_seconds__gt=0
                ),
                name="endpoint_timeouts_positive",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider_id and self.provider.slug}/{self.name}"

    @property
    def configured(self) -> bool:
        """Whether requests can be sent: an address, and a key where one is needed, also one that is set aside."""
        return bool(self.base_url) and (
            not self.needs_credential or any(key.active for key in self.keys.all())
        )

    def clean(self) -> None:
        """Refuse an address that must not be called."""
        super().clean()
        if self.base_url and self.provider_id:
            try:
                addresses.check_url(self.base_url, private=self.provider.private)
            except addresses.RefusedAddress as refused:
                raise ValidationError({"base_url": str(refused)}) from None


class Chain(models.Model):
    """One version of the ordered upstreams of a model; at most one version is live."""

    class Status(models.TextChoices):
        DRAFT = "draft"
        LIVE = "live"
        RETIRED = "retired"

    model = models.ForeignKey(Model, on_delete=models.PROTECT, related_name="chains")
    version = models.PositiveIntegerField()
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.DRAFT)
    published_at = models.DateTimeField(null=True, blank=True)
    publish_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When the draft goes live by itself; empty means when it is published.",
    )
    note = models.CharField(max_length=200, blank=True, help_text="Why this version is made.")
    refusal = models.TextField(
        blank=True, editable=False, help_text="Why it did not go live at the moment it was scheduled for."
    )
    refused_at = models.DateTimeField(null=True, blank=True, editable=False)
    sealed_in = models.BigIntegerField(
        null=True,
        blank=True,
        editable=False,
        help_text="The transaction in which it ceased to be a draft; a trigger writes it, and lets hops be added in that one only.",
    )

    hops: ClassVar["models.Manager[Hop]"]

    class Meta:
        ordering = ["model", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["model", "version"], name="chain_version_once"),
            models.UniqueConstraint(
                fields=["model"], condition=Q(status="live"), name="chain_one_live_per_model"
            ),
            models.CheckConstraint(
                condition=~Q(status="live") | Q(published_at__isnull=False), name="chain_live_has_a_date"
            ),
            models.CheckConstraint(
                condition=Q(status="draft") | Q(publish_at__isnull=True),
                name="chain_only_drafts_are_scheduled",
            ),
            models.CheckConstraint(
                condition=Q(refusal="", refused_at__isnull=True)
                | (Q(status="draft", refused_at__isnull=False) & ~Q(refusal="")),
                name="chain_refusal_is_dated_and_of_a_draft",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model_id and self.model.public_id} v{self.version}"


class Hop(models.Model):
    """One place in a chain: which endpoint, and what the model is called there."""

    chain = models.ForeignKey(Chain, on_delete=models.CASCADE, related_name="hops")
    position = models.PositiveSmallIntegerField()
    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="hops")
    upstream_model = models.CharField(max_length=128)
    plan_ranks_from = models.PositiveSmallIntegerField(
        default=0, help_text="Only plans of this rank and above use the hop; 0 means all."
    )
    weight = models.PositiveSmallIntegerField(
        default=0,
        help_text="Hops in a row with a weight share first place by it, conversation by conversation; 0 keeps the order.",
    )
    tool_ids_local = models.BooleanField(
        default=False,
        help_text="Knows only the ids of tool calls that it made itself: results go back to it or fail.",
    )
    first_byte_seconds = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Empty means what the endpoint says, here and below."
    )
    idle_seconds = models.PositiveSmallIntegerField(null=True, blank=True)
    total_seconds = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["chain", "position"]
        constraints = [
            # At the end of the transaction, so that hops can change places.
            models.UniqueConstraint(
                fields=["chain", "position"], name="hop_position_once", deferrable=models.Deferrable.DEFERRED
            ),
            models.CheckConstraint(condition=Q(weight__lte=1000), name="hop_weight_in_range"),
            models.CheckConstraint(
                condition=~Q(first_byte_seconds=0) & ~Q(idle_seconds=0) & ~Q(total_seconds=0),
                name="hop_timeouts_positive",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position}: {self.upstream_model}"
