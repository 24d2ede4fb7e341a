"""What others say that differs from the catalogue: proposals that wait for people, and the comparisons they come from."""

from django.db import models
from django.db.models import F, Q

from kernel import clock

from .offer import Model
from .price import PriceVersion
from .route import Chain, Provider

__all__ = ["Comparison", "ListedModel", "Proposal", "Source"]


class Source(models.TextChoices):
    """Who says it."""

    GENAI = "genai", "genai-prices"
    UPSTREAM = "upstream", "the provider's own list"


class Comparison(models.Model):
    """One comparison of a provider with one source: asked for, under way, and what came of it."""

    class State(models.TextChoices):
        ASKED = "asked"
        RUNNING = "running", "under way"
        DONE = "done"
        FAILED = "failed"

    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="comparisons")
    source = models.CharField(max_length=16, choices=Source.choices)
    state = models.CharField(max_length=8, choices=State.choices, default=State.ASKED)
    asked_by = models.CharField(
        max_length=254, help_text="Who asked for it: a person, the clock, or the command."
    )
    asked_at = models.DateTimeField(default=clock.now)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    listed = models.PositiveIntegerField(default=0, help_text="Models on the list.")
    raised = models.PositiveIntegerField(default=0, help_text="Proposals that were made.")
    withdrawn = models.PositiveIntegerField(default=0, help_text="Proposals that no longer held.")
    refused = models.JSONField(
        default=list, help_text="Models of ours whose cost cannot be carried, and why."
    )
    notes = models.TextField(blank=True)

    class Meta:
        ordering = ["-asked_at", "-pk"]
        indexes = [
            models.Index(
                fields=["asked_at"], condition=Q(state__in=["asked", "running"]), name="comparison_waiting"
            )
        ]
        constraints = [
            models.CheckConstraint(condition=Q(source__in=Source.values), name="comparison_source_known"),
            models.CheckConstraint(
                condition=Q(state="asked", started_at__isnull=True, ended_at__isnull=True)
                | Q(state="running", started_at__isnull=False, ended_at__isnull=True)
                | Q(state__in=["done", "failed"], started_at__isnull=False, ended_at__isnull=False),
                name="comparison_state_is_dated",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider_id and self.provider} with {self.get_source_display()}, {self.asked_at:%Y-%m-%d %H:%M}"


class ListedModel(models.Model):
    """A model that a source listed for a provider: since when, and since when no longer."""

    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="listed_models")
    source = models.CharField(max_length=16, choices=Source.choices)
    upstream_model = models.CharField(max_length=128)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["provider", "upstream_model"]
        verbose_name = "listed model"
        constraints = [
            models.UniqueConstraint(fields=["provider", "source", "upstream_model"], name="listed_once"),
            models.CheckConstraint(condition=Q(source__in=Source.values), name="listed_source_known"),
        ]

    def __str__(self) -> str:
        return f"{self.provider_id and self.provider.slug} {self.upstream_model}"


class Proposal(models.Model):
    """One difference, and what people decided about it. The catalogue changes by an approval only.

    What it says never changes; what differs from it later is another proposal. `figure` tells what the source says
    apart from what it said before.
    """

    class Kind(models.TextChoices):
        NEW = "new", "new model"
        GONE = "gone", "model gone"
        COST = "cost", "cost"
        UNPRICED = "unpriced", "class without a sell price"
        CONTEXT = "context", "context length"

    class Status(models.TextChoices):
        OPEN = "open"
        APPROVED = "approved"
        REJECTED = "rejected"
        WITHDRAWN = "withdrawn"

    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="proposals")
    source = models.CharField(max_length=16, choices=Source.choices)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    upstream_model = models.CharField(max_length=128, help_text="What the model is called there.")
    model = models.ForeignKey(
        Model, on_delete=models.PROTECT, null=True, blank=True, related_name="proposals"
    )
    before = models.JSONField(default=dict, help_text="As the catalogue has it.")
    after = models.JSONField(default=dict, help_text="As it would be.")
    evidence = models.JSONField(default=dict)
    figure = models.CharField(max_length=64)
    move_ppm = models.BigIntegerField(
        null=True,
        blank=True,
        help_text="The greatest move in millionths; empty from nothing, and from or to zero.",
    )
    needs_two = models.BooleanField(default=False, help_text="Takes the approval of two people.")
    raised_at = models.DateTimeField(default=clock.now)
    raised_in = models.ForeignKey(
        Comparison, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    cost_before = models.ForeignKey(
        PriceVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    sell_before = models.ForeignKey(
        PriceVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    status = models.CharField(max_length=16, choices=Status.choices, default=Status.OPEN)
    sell_too = models.BooleanField(
        default=False, help_text="The sell price follows, so that the margin stays; as the first person said."
    )
    first_by = models.BigIntegerField(null=True, blank=True, help_text="The first of two people, by id.")
    first_at = models.DateTimeField(null=True, blank=True)
    first_reason = models.CharField(max_length=200, blank=True)
    decided_by = models.BigIntegerField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    moved_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When the source ceased to say this; until then it is not proposed again.",
    )
    cost_version = models.OneToOneField(
        PriceVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="from_cost_proposal"
    )
    sell_version = models.OneToOneField(
        PriceVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="from_sell_proposal"
    )
    drafted = models.ForeignKey(Chain, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-raised_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "source", "kind", "upstream_model", "model"],
                condition=Q(status="open"),
                name="proposal_open_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(condition=Q(source__in=Source.values), name="proposal_source_known"),
            models.CheckConstraint(
                condition=Q(kind__in=["new", "gone", "cost", "unpriced", "context"]),
                name="proposal_kind_known",
            ),
            models.CheckConstraint(
                condition=Q(status="open", decided_at__isnull=True, decided_by__isnull=True, reason="")
                | Q(status="withdrawn", decided_at__isnull=False, decided_by__isnull=True) & ~Q(reason="")
                | Q(status__in=["approved", "rejected"], decided_at__isnull=False, decided_by__isnull=False)
                & ~Q(reason=""),
                name="proposal_status_is_explained",
            ),
            models.CheckConstraint(
                condition=Q(first_by__isnull=True, first_at__isnull=True, first_reason="")
                | Q(first_by__isnull=False, first_at__isnull=False) & ~Q(first_reason=""),
                name="proposal_first_approval_is_whole",
            ),
            models.CheckConstraint(
                condition=~Q(status="approved", needs_two=True)
                | Q(first_by__isnull=False, decided_by__isnull=False) & ~Q(decided_by=F("first_by")),
                name="proposal_two_people_differ",
            ),
            models.CheckConstraint(
                condition=~Q(status="approved", kind="cost") | Q(cost_version__isnull=False),
                name="proposal_cost_makes_a_price",
            ),
            models.CheckConstraint(
                condition=~Q(status="approved", kind="unpriced") | Q(sell_version__isnull=False),
                name="proposal_unpriced_makes_a_price",
            ),
            models.CheckConstraint(
                condition=Q(status="approved")
                | Q(cost_version__isnull=True, sell_version__isnull=True, drafted__isnull=True),
                name="proposal_does_nothing_unapproved",
            ),
        ]

    def __str__(self) -> str:
        name = self.model.public_id if self.model_id and self.model is not None else self.upstream_model
        return f"{name} at {self.provider_id and self.provider.slug}: {self.get_kind_display()}"

    @property
    def held(self) -> bool:
        """Whether one of two people has approved it."""
        return self.status == self.Status.OPEN and self.first_by is not None
