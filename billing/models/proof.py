"""The rows of the proof: seals of days that are over, months of events that were dropped, and the audits made."""

import uuid

from django.db import models


class DaySeal(models.Model):
    """What a workspace's requests of one UTC day were when it was sealed; never changed, and chained to the seal before.

    It covers the day's events up to `through_no`. Corrections that come later are covered by a further revision.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    workspace_id = models.BigIntegerField()
    no = models.BigIntegerField(help_text="Gap-free per workspace.")
    form = models.SmallIntegerField(help_text="How the sealed rows are written down.")
    day = models.DateField()
    revision = models.SmallIntegerField()
    through_no = models.BigIntegerField(help_text="The last charge number it covers.")
    events = models.BigIntegerField()
    sums = models.JSONField(help_text="Of all events it covers; money in nano-USD.")
    events_digest = models.BinaryField()
    days_digest = models.BinaryField(help_text="Of the day's sums by key, model, provider and tag.")
    ledger_seq = models.BigIntegerField(help_text="The last ledger entry when it was sealed.")
    ledger_digest = models.BinaryField(help_text="Of the entries up to it, through the seals before.")
    seal = models.BinaryField()
    sealed_at = models.DateTimeField()

    class Meta:
        db_table = "billing_day_seal"

    def __str__(self) -> str:
        return f"{self.day} seal {self.no}"


class DroppedMonth(models.Model):
    """A month whose events have left: all were charged, and all its days sealed."""

    month = models.DateField(primary_key=True)
    events = models.BigIntegerField()
    dropped_at = models.DateTimeField()

    class Meta:
        db_table = "billing_dropped_month"

    def __str__(self) -> str:
        return f"{self.month:%B %Y}"


class AuditRun(models.Model):
    """One audit of all workspaces: over the last days or over everything. Without an end it did not finish."""

    class Kind(models.TextChoices):
        WINDOW = "window", "last days"
        WHOLE = "whole", "everything"

    kind = models.TextField(choices=Kind.choices)
    actor = models.TextField()
    started_at = models.DateTimeField(db_index=True)
    ended_at = models.DateTimeField(null=True)
    since = models.DateField(null=True, help_text="The first UTC day looked at; empty for all.")
    compared = models.BigIntegerField(default=0)
    broken = models.BigIntegerField(default=0)
    seals = models.BigIntegerField(default=0, help_text="Seals there were.")
    sealed_days = models.IntegerField(default=0)
    rules = models.JSONField(default=list, help_text="Each rule with its first findings.")
    newest_seals = models.JSONField(default=list)

    class Meta:
        db_table = "billing_audit_run"

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.started_at:%Y-%m-%d %H:%M:%S}"
