"""What messages have in common that are sent until they are taken: what they say, how often they were tried, when next."""

from django.db import models

from kernel import clock

__all__ = ["Delivery"]


class Delivery(models.Model):
    """A message that waits, was taken, or was given up; each try is in its log."""

    class Status(models.TextChoices):
        WAITING = "waiting", "waits"
        SENT = "sent", "sent"
        FAILED = "failed", "failed"
        SPARED = "spared", "over before it was sent"

    id = models.UUIDField(primary_key=True)
    body = models.TextField(help_text="What is sent, the same each time.")
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    made_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    log = models.JSONField(default=list, help_text="Each try: when, what came of it, and milliseconds.")

    class Meta:
        abstract = True
