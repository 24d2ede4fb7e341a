"""What one key may spend."""

from django.db import models


class KeyBudget(models.Model):
    """A key's limit per UTC window, what it spent in the present one, and what its open requests hold; nano-USD.

    The table's key is workspace and key; Django is given the key's number, which is unique by itself.
    """

    class Period(models.TextChoices):
        DAY = "day"
        WEEK = "week", "week, from Monday"
        MONTH = "month"
        NONE = "none", "never renewed"

    workspace_id = models.BigIntegerField()
    api_key_id = models.BigIntegerField(primary_key=True)
    period = models.TextField(choices=Period.choices)
    limit_nano = models.BigIntegerField()
    window_day = models.IntegerField(help_text="First day of the present window, since 1970.")
    spent = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    changed_at = models.DateTimeField()
    changed_by = models.TextField(default="")

    class Meta:
        db_table = "billing_key_budget"

    def __str__(self) -> str:
        return f"{self.limit_nano} a {self.period} of key {self.api_key_id}"
