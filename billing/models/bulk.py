"""What is done to many rows at once: the job, and a line for each row it is about, fixed before anything is done."""

import uuid
from typing import ClassVar

from django.db import models


class BulkJob(models.Model):
    """One thing done to many rows, in one person's name, for one reason; nothing is done while it is a draft.

    `narrowed` tells in words and columns how its rows were chosen. A credit above the threshold of movements is begun by
    somebody else than who asked for it.
    """

    class What(models.TextChoices):
        REVOKE = "revoke", "Revoke keys"
        FREEZE = "freeze", "Freeze workspaces"
        CREDIT = "credit", "Give requests back"

    class State(models.TextChoices):
        DRAFT = "draft", "draft: nothing is done yet"
        ASKED = "asked", "waits for a second person"
        RUNNING = "running", "under way"
        DONE = "done"
        STOPPED = "stopped"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    what = models.TextField(choices=What.choices)
    narrowed = models.JSONField()
    percent = models.SmallIntegerField(default=100, help_text="How much of each charge is given back.")
    total = models.IntegerField(help_text="How many rows it is about.")
    customers = models.IntegerField(help_text="How many workspaces they belong to.")
    amount_nano = models.BigIntegerField(default=0, help_text="Nano-USD that would be given back.")
    by_two = models.BooleanField(default=False)
    state = models.TextField(choices=State.choices, default=State.DRAFT)
    reason = models.TextField(default="")
    made_by = models.TextField()
    made_by_id = models.BigIntegerField()
    made_at = models.DateTimeField()
    asked_by = models.TextField(default="")
    asked_by_id = models.BigIntegerField(null=True)
    begun_by = models.TextField(default="")
    begun_by_id = models.BigIntegerField(null=True)
    begun_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    done = models.IntegerField(default=0)
    skipped = models.IntegerField(default=0)

    objects: ClassVar[models.Manager["BulkJob"]] = models.Manager()

    class Meta:
        db_table = "billing_bulk_job"
        verbose_name = "job on many rows"
        verbose_name_plural = "jobs on many rows"

    def __str__(self) -> str:
        return f"{self.get_what_display()}: {self.total:,}"


class BulkLine(models.Model):
    """One row of a job and what came of it; `subject` is the key's or workspace's number, or the request's id."""

    class Outcome(models.TextChoices):
        OPEN = "", "not yet"
        DONE = "done"
        SKIPPED = "skipped"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    job = models.ForeignKey(BulkJob, on_delete=models.PROTECT, related_name="lines")
    no = models.IntegerField()
    workspace_id = models.BigIntegerField()
    subject = models.TextField()
    amount_nano = models.BigIntegerField(default=0)
    outcome = models.TextField(choices=Outcome.choices, default=Outcome.OPEN, blank=True)
    said = models.TextField(default="")
    done_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager["BulkLine"]] = models.Manager()

    class Meta:
        db_table = "billing_bulk_line"

    def __str__(self) -> str:
        return f"{self.no}: {self.subject}"
