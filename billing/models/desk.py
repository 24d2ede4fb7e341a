"""What operators say of the things that wait for a person: later, or whose it is."""

from django.db import models

__all__ = ["DeskMark"]


class DeskMark(models.Model):
    """One saying about one thing on the desk; the newest of its kind holds, and none is ever changed."""

    class Kind(models.TextChoices):
        LATER = "later", "put off"
        FOR = "for", "given to"

    id = models.UUIDField(primary_key=True)
    item = models.TextField(help_text="What waits, as the desk names it.")
    title = models.TextField(help_text="What it was called then.")
    kind = models.TextField(choices=Kind.choices)
    until = models.DateTimeField(null=True, help_text="Not shown before; empty: shown again.")
    person_id = models.BigIntegerField(null=True, help_text="Whose it is; empty: nobody's.")
    by = models.TextField()
    made_at = models.DateTimeField()

    class Meta:
        db_table = "billing_desk_mark"

    def __str__(self) -> str:
        return f"{self.title}, {self.get_kind_display()}"
