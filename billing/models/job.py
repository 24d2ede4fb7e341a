"""How each kind of background work went when it was last done."""

from django.db import models

__all__ = ["JobRun"]


class JobRun(models.Model):
    """One kind of work that workers do: its last run, and how often it ran and failed since it was first seen."""

    name = models.TextField(primary_key=True)
    host = models.TextField()
    ended_at = models.DateTimeField()
    seconds = models.FloatField(help_text="How long the last run took.")
    failed = models.BooleanField(help_text="Whether the last run did.")
    runs = models.BigIntegerField()
    failures = models.BigIntegerField()
    failed_at = models.DateTimeField(null=True, help_text="When it failed last.")
    error = models.TextField(help_text="What it failed of then.")

    class Meta:
        db_table = "billing_job_run"
        verbose_name = "job"

    def __str__(self) -> str:
        return self.name
