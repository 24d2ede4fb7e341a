"""What a customer can call: models, their abilities and their tiers."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class Tier(models.TextChoices):
    """The shelf a model stands on; a plan opens shelves."""

    FREE = "free"
    LITE = "lite"
    PREMIUM = "premium"
    MAX = "max"


class Capability(models.TextChoices):
    """What a model does, and so which route takes it."""

    CHAT = "chat"
    EMBEDDING = "embedding"
    RERANK = "rerank"
    IMAGE = "image"


class Model(models.Model):
    """One public model id with the facts that callers choose by."""

    SANDBOX = "sandbox/"
    """How the ids begin that the built-in upstream plays: many answer with errors on purpose."""

    public_id = models.CharField(
        max_length=128, unique=True, help_text="The id callers send, such as route/glm-5."
    )
    aliases = ArrayField(models.CharField(max_length=128), default=list, blank=True)
    name = models.CharField(max_length=128)
    author = models.CharField(max_length=64, help_text="Who made the model, such as deepseek.")
    description = models.TextField(blank=True)
    capability = models.CharField(max_length=16, choices=Capability.choices, default=Capability.CHAT)
    tier = models.CharField(max_length=16, choices=Tier.choices)
    context_length = models.PositiveIntegerField(help_text="Tokens of input and output together.")
    max_output_tokens = models.PositiveIntegerField()
    input_modalities = ArrayField(models.CharField(max_length=16), default=list)
    output_modalities = ArrayField(models.CharField(max_length=16), default=list)
    supported_parameters = ArrayField(models.CharField(max_length=64), default=list)
    tokenizer = models.CharField(max_length=64, blank=True)
    instruct_type = models.CharField(max_length=64, blank=True)
    truncates = models.BooleanField(
        default=False,
        help_text="Drop the oldest messages of a prompt that does not fit, unless the request forbids it.",
    )
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    expires_on = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=200, blank=True, help_text="Where these facts come from.")

    class Meta:
        ordering = ["public_id"]
        constraints = [
            models.CheckConstraint(condition=Q(context_length__gt=0), name="model_context_positive"),
            models.CheckConstraint(
                condition=Q(max_output_tokens__lte=models.F("context_length")),
                name="model_output_within_context",
            ),
            models.CheckConstraint(condition=Q(tier__in=Tier.values), name="model_tier_known"),
            models.CheckConstraint(
                condition=Q(capability__in=Capability.values), name="model_capability_known"
            ),
        ]

    def __str__(self) -> str:
        return self.public_id
