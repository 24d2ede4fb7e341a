"""The row of a farewell: a workspace or a person that is to go on a day, by whose wish, and what became of it."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from kernel import clock

__all__ = ["Farewell"]


class Farewell(models.Model):
    """What is to be deleted from `due_at` on, unless it is undone before; of a workspace or of a person."""

    class End(models.TextChoices):
        UNDONE = "undone"
        DONE = "done"

    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.PROTECT, null=True, related_name="farewells"
    )
    person = models.ForeignKey("accounts.User", on_delete=models.PROTECT, null=True, related_name="farewells")
    asked_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField()
    waits_for = models.CharField(max_length=300, blank=True, help_text="Why it was due and not done.")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=16, choices=End.choices, blank=True)

    objects: ClassVar[models.Manager["Farewell"]] = models.Manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(ended_at__isnull=True), name="farewell_by_its_day")
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(workspace__isnull=True, person__isnull=False)
                | Q(workspace__isnull=False, person__isnull=True),
                name="farewell_of_one_thing",
            ),
            models.UniqueConstraint(
                fields=["workspace"],
                condition=Q(ended_at__isnull=True),
                name="farewell_once_per_workspace",
            ),
            models.UniqueConstraint(
                fields=["person"], condition=Q(ended_at__isnull=True), name="farewell_once_per_person"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by="")
                | Q(ended_at__isnull=False, ended_by__in=["undone", "done"]),
                name="farewell_ends_somehow",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workspace or self.person} from {self.due_at:%Y-%m-%d} on"
