"""The row of a sign-in for tokens: whose it is, the digest of what renews it, how it ended."""

import uuid

from django.db import models

from kernel import clock

__all__ = ["SignIn"]


class SignIn(models.Model):
    """One sign-in for tokens, from login to logout: all tokens that came of it end with it.

    Of the refresh token in force only the digest is kept, of the password only a short digest of its hash: when that
    changes, the tokens end.
    """

    class End(models.TextChoices):
        LOGOUT = "logout"
        REUSE = "reuse", "a refresh token was used twice"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="sign_ins")
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.PROTECT, null=True, related_name="+")
    password_mark = models.CharField(max_length=16)
    number = models.IntegerField(default=0, help_text="How often its tokens were renewed.")
    refresh_digest = models.BinaryField(unique=True, editable=False)
    created_at = models.DateTimeField(default=clock.now)
    refreshed_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=16, choices=End.choices, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.person} since {self.created_at:%Y-%m-%d %H:%M}"
