"""What operators ask to be moved on an account by hand, and who decided it."""

from django.db import models


class Move(models.Model):
    """A movement that an operator asked for, with its reason; above a threshold somebody else must post it."""

    class Kind(models.TextChoices):
        GRANT = "grant", "Grant: a gift of ours"
        TOP_UP = "topup", "Top-up: a payment that came by another way"
        ADJUSTMENT = "adjustment", "Adjustment: a correction of charges, up or down"
        CREDIT = "credit", "Credit for a request"

    class Status(models.TextChoices):
        ASKED = "asked", "waits for a second person"
        POSTED = "posted"
        DECLINED = "declined"

    id = models.UUIDField(primary_key=True)
    workspace_id = models.BigIntegerField()
    kind = models.TextField(choices=Kind.choices)
    amount = models.BigIntegerField(help_text="Nano-USD; only an adjustment may be negative.")
    expires_on = models.DateField(null=True, help_text="A grant pays usage of earlier UTC days.")
    request_id = models.UUIDField(null=True)
    reason = models.TextField()
    by_two = models.BooleanField(help_text="Somebody else must post it.")
    status = models.TextField(choices=Status.choices, default=Status.ASKED)
    asked_by = models.TextField()
    asked_at = models.DateTimeField()
    decided_by = models.TextField(null=True)
    decided_at = models.DateTimeField(null=True)
    decision = models.TextField(default="")
    transaction_id = models.UUIDField(null=True)

    class Meta:
        db_table = "billing_move"

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"
