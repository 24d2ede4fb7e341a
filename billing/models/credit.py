"""Where credit came from and what it paid: lots, how each movement is split over them, and a workspace's purse."""

import uuid
from datetime import date

from django.db import models


class Purse(models.Model):
    """What is true of all lots of a workspace, and the row that is locked before any of them changes."""

    class Spill(models.TextChoices):
        FREE = "free", "balance and credits are one"
        OFF = "off", "credits only"
        ON = "on", "credits first, then the balance"

    workspace_id = models.BigIntegerField(primary_key=True)
    uncovered = models.BigIntegerField(
        default=0, help_text="Nano-USD that was taken and that no lot covered: the next credit pays it."
    )
    spill = models.TextField(choices=Spill.choices, default=Spill.FREE)
    spill_ceiling = models.BigIntegerField(null=True, help_text="Nano-USD of balance per UTC month.")
    spill_month = models.DateField(
        default=date(1970, 1, 1), help_text="First day of the UTC month of `spilled`."
    )
    spilled = models.BigIntegerField(default=0, help_text="Nano-USD of balance that usage took that month.")
    spill_changed_at = models.DateTimeField(null=True)
    spill_changed_by = models.TextField(default="")

    class Meta:
        db_table = "billing_purse"

    def __str__(self) -> str:
        return f"purse {self.workspace_id}"


class CreditLot(models.Model):
    """Credit that came in at once, with an end of its own; only what remains of it ever changes."""

    class Source(models.TextChoices):
        PLAN = "plan"
        GRANT = "grant"
        VOUCHER = "voucher"
        TOP_UP = "topup"
        RECHARGE = "recharge"
        CORRECTION = "correction"

    id = models.UUIDField(primary_key=True)
    workspace_id = models.BigIntegerField()
    transaction_id = models.UUIDField(help_text="The ledger transaction that brought it.")
    source = models.TextField(choices=Source.choices)
    priority = models.SmallIntegerField(help_text="Lower is spent first.")
    amount = models.BigIntegerField(help_text="Nano-USD.")
    remaining = models.BigIntegerField(help_text="Nano-USD.")
    expires_on = models.DateField(null=True, help_text="It pays usage of earlier UTC days.")
    created_at = models.DateTimeField()

    class Meta:
        db_table = "billing_credit_lot"

    def __str__(self) -> str:
        return f"{self.source} {self.id}"


class CreditMovement(models.Model):
    """The part of a ledger transaction that one lot took or gave; without a lot, what none covered."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    workspace_id = models.BigIntegerField()
    transaction_id = models.UUIDField()
    lot_id = models.UUIDField(null=True)
    amount = models.BigIntegerField(help_text="Nano-USD; negative takes from the lot.")

    class Meta:
        db_table = "billing_credit_movement"

    def __str__(self) -> str:
        return f"{self.amount} of {self.lot_id}"
