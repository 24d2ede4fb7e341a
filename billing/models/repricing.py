"""The rows of a re-pricing, what each workspace gets or pays by it, and what is sold without a price of its own."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Reprice(models.Model):
    """A re-pricing, measured when it was saved; the database lets it be applied once. Money in nano-USD."""

    class State(models.TextChoices):
        DRAFT = "draft"
        APPLYING = "applying"
        APPLIED = "applied"
        DISCARDED = "discarded"

    id = models.UUIDField(primary_key=True)
    model_ids = ArrayField(models.BigIntegerField())
    begins = models.DateTimeField(help_text="UTC; requests admitted from here.")
    ends = models.DateTimeField(help_text="The first minute that is not in it.")
    price_version_id = models.BigIntegerField(null=True, help_text="What they should have been charged by.")
    multiplier_id = models.BigIntegerField(null=True, help_text="The factor that was wrong.")
    multiplier_ppm = models.BigIntegerField(null=True, help_text="What it should have been, in millionths.")
    reason = models.TextField(help_text="Customers read it beside the adjustment.")
    requests = models.BigIntegerField()
    moved = models.BigIntegerField(help_text="Requests that would cost something else.")
    raised = models.BigIntegerField(help_text="What workspaces pay more, together.")
    lowered = models.BigIntegerField(help_text="What workspaces get back, together.")
    two_persons = models.BooleanField(help_text="Who saved it may not apply it.")
    charges_more = models.BooleanField(default=False, help_text="That workspaces pay more was confirmed.")
    state = models.TextField(choices=State.choices, default=State.DRAFT)
    created_by = models.BigIntegerField()
    created_at = models.DateTimeField()
    applied_by = models.BigIntegerField(null=True)
    applied_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "billing_reprice"
        verbose_name = "re-pricing"

    def __str__(self) -> str:
        return f"re-pricing {str(self.pk)[-12:]}"


class RepriceLine(models.Model):
    """What one workspace was charged, what it should have been, and the adjustment that makes up for it."""

    id = models.UUIDField(primary_key=True)
    reprice_id = models.UUIDField()
    workspace_id = models.BigIntegerField()
    requests = models.BigIntegerField()
    moved = models.BigIntegerField()
    charged = models.BigIntegerField(help_text="Nano-USD.")
    repriced = models.BigIntegerField(help_text="Nano-USD.")
    delta = models.BigIntegerField(help_text="Nano-USD that it pays more; negative is what it gets back.")
    transaction_id = models.UUIDField(null=True)

    class Meta:
        db_table = "billing_reprice_line"

    def __str__(self) -> str:
        return f"{self.workspace_id} {self.delta}"


class PriceGap(models.Model):
    """What has no rate of its own: a view over the doubted requests of 7 days, and models in sale without a price."""

    class Kind(models.TextChoices):
        SUSPECT = "suspect", "charged as plain tokens"
        UNPRICED = "unpriced", "no price, refused"

    id = models.TextField(primary_key=True)
    kind = models.TextField(choices=Kind.choices)
    model_id = models.BigIntegerField()
    provider_id = models.BigIntegerField()
    price_version_id = models.BigIntegerField()
    requests = models.BigIntegerField()
    last_seen = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "billing_price_gap"

    def __str__(self) -> str:
        return f"model {self.model_id}, {self.get_kind_display()}"
