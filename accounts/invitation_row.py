"""The row of an invitation: who may join which workspace in which role, asked by whom, until when."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from kernel import clock

__all__ = ["Invitation"]


class Invitation(models.Model):
    """One address that is asked to join. What it says never changes; it ends once, and is renewed by being sent again.

    `number` is of the link that is good: sending it again makes a new one, and the one before leads nowhere.
    """

    class End(models.TextChoices):
        ACCEPTED = "accepted"
        REVOKED = "revoked"

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.PROTECT, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=16)
    invited_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    number = models.PositiveIntegerField(default=1)
    sent_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=16, choices=End.choices, blank=True)

    objects: ClassVar[models.Manager["Invitation"]] = models.Manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "email"],
                condition=Q(ended_at__isnull=True),
                name="invitation_one_open_per_address",
            ),
            models.CheckConstraint(
                condition=Q(role__in=["owner", "admin", "billing", "developer", "viewer"]),
                name="invitation_is_to_a_role",
            ),
            models.CheckConstraint(condition=Q(email=Lower(F("email"))), name="invitation_in_small_letters"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by="")
                | Q(ended_at__isnull=False, ended_by__in=["accepted", "revoked"]),
                name="invitation_ends_somehow",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} as {self.role}"

    @property
    def expired(self) -> bool:
        """Tell whether its time has passed."""
        return clock.now() >= self.expires_at
