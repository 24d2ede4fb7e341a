"""The row of the trail: who did what to which row, when, from where and why, chained to the row before it."""

from typing import ClassVar

from django.db import models

__all__ = ["TrailRow"]


class TrailRow(models.Model):
    """One deed. The database numbers, dates and chains it; nothing in it ever changes.

    `changes` maps a field to its values before and after, or to "changed" where it is a secret. What belongs to another
    row that changed with it has that row's name before a colon.
    """

    class Verb(models.TextChoices):
        ADD = "add", "Added"
        CHANGE = "change", "Changed"
        DELETE = "delete", "Deleted"

    no = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    actor_id = models.BigIntegerField(null=True)
    actor = models.TextField()
    address = models.TextField()
    request_id = models.TextField()
    verb = models.TextField(choices=Verb.choices)
    model = models.TextField()
    object_id = models.TextField()
    object = models.TextField()
    workspace_id = models.BigIntegerField(null=True)
    said = models.TextField()
    reason = models.TextField()
    changes = models.JSONField()
    before = models.BinaryField()
    hash = models.BinaryField()

    objects: ClassVar[models.Manager["TrailRow"]] = models.Manager()

    class Meta:
        db_table = "accounts_trail"
        ordering = ["-no"]
        verbose_name = "change"

    def __str__(self) -> str:
        return f"Change {self.no}"
