"""The parts of a running Tollway and when each was last heard."""

from django.db import models

__all__ = ["Part"]


class Part(models.Model):
    """A web process, a beat, or the sweeps of all workers together."""

    class Kind(models.TextChoices):
        """What it is."""

        WEB = "web", "Web process"
        BEAT = "beat", "Beat"
        SWEEP = "sweep", "Sweeps"

    name = models.TextField(primary_key=True)
    kind = models.TextField(choices=Kind.choices)
    host = models.TextField()
    pid = models.IntegerField()
    heard_at = models.DateTimeField()
    said = models.JSONField(default=dict)

    class Meta:
        db_table = "billing_part"

    def __str__(self) -> str:
        return self.name
