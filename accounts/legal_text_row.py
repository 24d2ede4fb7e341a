"""The terms and the privacy notice of the house as operators wrote them: each version with its author and moment."""

from django.conf import settings
from django.db import models

from kernel import clock

__all__ = ["LONGEST", "LegalText"]

LONGEST = 100_000
"""How many characters a text has at most."""


class LegalText(models.Model):
    """One version of a text that everybody may read. The newest counts; a trigger keeps all as they were written."""

    class Kind(models.TextChoices):
        TERMS = "terms", "Terms"
        PRIVACY = "privacy", "Privacy"

    kind = models.CharField("what", max_length=8, choices=Kind.choices)
    text = models.TextField(
        max_length=LONGEST,
        help_text="Markdown that begins with a title: # Terms. HTML is shown as it is written, and does nothing.",
    )
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", editable=False
    )
    written_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["kind", "-id"], name="legal_text_newest")]
        constraints = [models.CheckConstraint(condition=~models.Q(text=""), name="legal_text_says_something")]

    def __str__(self) -> str:
        return f"{self.Kind(self.kind).label} of {self.written_at:%Y-%m-%d %H:%M}"
