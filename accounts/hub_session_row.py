"""The row of a session of the hub dialect: the last messages of a talk, sealed, for an hour."""

from django.db import models

__all__ = ["HubSession"]


class HubSession(models.Model):
    """A talk that its caller asked to be remembered: known by a digest of their name for it, readable by no page.

    It is the one thing that is kept of what customers say.
    """

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.PROTECT, related_name="hub_sessions")
    digest = models.BinaryField(editable=False)
    sealed = models.BinaryField(editable=False)
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = "session of the hub"
        verbose_name_plural = "sessions of the hub"
        indexes = [models.Index(fields=["expires_at"], name="hub_session_by_its_end")]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "digest"], name="hub_session_once_per_workspace")
        ]

    def __str__(self) -> str:
        return f"session {self.pk}"
