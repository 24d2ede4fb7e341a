"""UTC months of the books: what was counted of each last, and how it was closed."""

from django.db import models

__all__ = ["BookMonth", "MonthClose"]


class BookMonth(models.Model):
    """A month as it was counted last. Its figures follow the ledger: money in nano-USD."""

    first = models.DateField(primary_key=True, help_text="The month's first UTC day.")
    figures = models.JSONField(default=dict)
    counted_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True, help_text="When somebody asked for it to be counted again.")

    class Meta:
        db_table = "billing_book_month"
        verbose_name = "month"
        ordering = ["-first"]

    def __str__(self) -> str:
        return f"{self.first:%B %Y}"


class MonthClose(models.Model):
    """A month as it was closed: its figures, what stood against it, why it was closed, and the hash over all closes."""

    no = models.BigIntegerField(primary_key=True, help_text="Gap-free.")
    first = models.DateField(unique=True)
    figures = models.JSONField()
    counted_at = models.DateTimeField()
    against = models.JSONField(help_text="What stood against it, in words.")
    reason = models.TextField()
    closed_by = models.TextField()
    closed_at = models.DateTimeField()
    before = models.BinaryField(help_text="The hash of the close before.")
    hash = models.BinaryField()

    class Meta:
        db_table = "billing_month_close"
        verbose_name = "close of a month"
        verbose_name_plural = "closes of months"
        ordering = ["-no"]

    def __str__(self) -> str:
        return f"{self.first:%B %Y}, closed"
