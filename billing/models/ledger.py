"""The double-entry ledger: append-only rows that only `billing.ledger` writes."""

from django.db import models


class LedgerTransaction(models.Model):
    """One movement of money: two or more entries that sum to zero."""

    class Kind(models.TextChoices):
        USAGE = "usage"
        TOP_UP = "topup"
        REFUND = "refund"
        DISPUTE = "dispute"
        GRANT = "grant"
        EXPIRY = "expiry"
        ADJUSTMENT = "adjustment"
        REVERSAL = "reversal"

    id = models.UUIDField(primary_key=True)
    workspace_id = models.BigIntegerField()
    kind = models.TextField(choices=Kind.choices)
    idem_key = models.TextField(help_text="The same movement posted twice is one.")
    day = models.DateField(help_text="UTC day it belongs to.")
    charge_no = models.BigIntegerField(null=True, help_text="The posted charge number, for usage.")
    reason = models.TextField(default="")
    actor = models.TextField(default="")
    created_at = models.DateTimeField()

    class Meta:
        db_table = "billing_ledger_transaction"

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class LedgerEntry(models.Model):
    """One leg: an amount on the workspace's account or on a system account that offsets it."""

    class Account(models.TextChoices):
        WORKSPACE = "workspace"
        REVENUE = "revenue"
        CLEARING = "clearing"
        PROMOTION = "promotion"
        DISPUTES = "disputes"
        EXPIRED = "expired"

    id = models.UUIDField(primary_key=True)
    transaction_id = models.UUIDField()
    workspace_id = models.BigIntegerField()
    account = models.TextField(choices=Account.choices)
    seq = models.BigIntegerField(null=True, help_text="Gap-free per workspace; only on its own account.")
    amount = models.BigIntegerField(help_text="Nano-USD; negative takes from the account.")
    balance_after = models.BigIntegerField(null=True)

    class Meta:
        db_table = "billing_ledger_entry"
        verbose_name_plural = "ledger entries"

    def __str__(self) -> str:
        return f"{self.account} {self.amount}"
