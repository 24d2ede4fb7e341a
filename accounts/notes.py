"""What operators wrote down about a workspace: each note with its author and moment, never changed and never erased."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models

from kernel import clock

if TYPE_CHECKING:
    from .models import User

__all__ = ["LONGEST", "Note", "latest", "write"]

LONGEST = 4000
"""How many characters a note has at most."""
SHOWN = 50


class Note(models.Model):
    """What an operator wrote about a workspace. Customers do not see it; a trigger keeps it as it was written."""

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.PROTECT, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(max_length=LONGEST)
    written_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["workspace", "-id"], name="note_of_workspace")]
        constraints = [models.CheckConstraint(condition=~models.Q(text=""), name="note_says_something")]

    def __str__(self) -> str:
        return f"{self.written_at:%Y-%m-%d %H:%M} {self.text[:60]}"


def write(workspace_id: int, text: str, *, by: "User") -> Note:
    """Save a note. Raises ValueError for one that is empty or has more than LONGEST characters."""
    text = text.strip()
    if not 1 <= len(text) <= LONGEST:
        raise ValueError(f"text: a note has 1 to {LONGEST:,} characters")
    return Note.objects.create(workspace_id=workspace_id, text=text, author=by)


def latest(workspace_id: int) -> list[Note]:
    """Return the newest notes about a workspace, at most SHOWN, newest first."""
    return list(Note.objects.filter(workspace_id=workspace_id).select_related("author")[:SHOWN])
