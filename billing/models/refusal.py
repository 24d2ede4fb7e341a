"""What is kept of requests that were not let in: the reasons of a few, and how many there were."""

import uuid

from django.db import models


class Refusal(models.Model):
    """Why one request was not let in: of the first 20 per workspace and minute, for 7 days. Money in nano-USD."""

    request_id = models.UUIDField(primary_key=True)
    workspace_id = models.BigIntegerField()
    minute_no = models.IntegerField(help_text="Minute of arrival since 1970, UTC.")
    api_key_id = models.BigIntegerField()
    model = models.TextField(help_text="As it was asked for.")
    code = models.TextField()
    message = models.TextField()
    refused_at = models.DateTimeField()
    weight = models.IntegerField(help_text="How many requests it would have counted as.")
    cap = models.BigIntegerField()
    used = models.BigIntegerField()
    resets_at = models.DateTimeField(null=True)
    required = models.BigIntegerField()
    available = models.BigIntegerField()
    held = models.BigIntegerField()

    class Meta:
        db_table = "billing_refusal"

    def __str__(self) -> str:
        return f"{self.code} {self.request_id}"


class RefusalCount(models.Model):
    """How many requests of one key were refused in a minute, by code and model; kept 90 days."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    workspace_id = models.BigIntegerField()
    minute_no = models.IntegerField()
    api_key_id = models.BigIntegerField()
    model = models.TextField()
    code = models.TextField()
    refusals = models.BigIntegerField()

    class Meta:
        db_table = "billing_refusal_count"

    def __str__(self) -> str:
        return f"{self.refusals} × {self.code}"
