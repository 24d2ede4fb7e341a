"""The rows that tell a repeated request from a new one."""

from django.db import models


class IdempotencyKey(models.Model):
    """An `Idempotency-Key` that a workspace has used: for which body, by which request, and when."""

    workspace_id = models.BigIntegerField()
    key = models.CharField(max_length=255)
    digest = models.BinaryField(editable=False, help_text="SHA-256 of the route and the body.")
    request_id = models.UUIDField()
    used_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-used_at"]
        constraints = [
            models.UniqueConstraint(fields=["workspace_id", "key"], name="idempotency_key_once_per_workspace")
        ]

    def __str__(self) -> str:
        return self.key
