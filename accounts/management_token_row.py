"""The row of a token of the management API: whose it is, what it may do, how long it is good."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from kernel import clock

__all__ = ["ManagementToken"]


class ManagementToken(models.Model):
    """A token that acts for the person who made it, in one workspace, with the role that they have at that moment.

    Only its digest is kept; prefix and last four are for display.
    """

    class Scope(models.TextChoices):
        READ = "read", "Read only"
        WRITE = "write", "Read and change"

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.PROTECT, related_name="tokens")
    name = models.CharField(max_length=100)
    scope = models.CharField(max_length=8, choices=Scope.choices)
    digest = models.BinaryField(unique=True, editable=False)
    prefix = models.CharField(max_length=16)
    last_four = models.CharField(max_length=4)
    created_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager["ManagementToken"]] = models.Manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["workspace", "-id"], name="token_of_workspace")]
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=F("created_at")),
                name="token_expires_after_creation",
            ),
            models.CheckConstraint(condition=Q(scope__in=["read", "write"]), name="token_has_a_scope"),
            models.CheckConstraint(condition=~Q(name=""), name="token_has_a_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.prefix}…{self.last_four}"
