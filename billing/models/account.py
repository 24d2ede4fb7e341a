"""The one narrow, hot row per workspace on which admission, settlement and roll-up meet."""

from django.db import models

NEVER = 2**31 - 1
"""A minute that does not come."""


class Account(models.Model):
    """Money, limits and open streams of one workspace; made by a database trigger with the workspace.

    Amounts are nano-USD. What may be spent is posted − unbilled − held + overdraft_limit − withheld,
    and − lapsing too once `lapse_minute` has come.
    """

    class Status(models.IntegerChoices):
        ACTIVE = 0
        SUSPENDED = 1
        CLOSED = 2

    workspace_id = models.BigIntegerField(primary_key=True)
    posted = models.BigIntegerField(default=0, help_text="Balance of the ledger.")
    held = models.BigIntegerField(default=0, help_text="Reserved by open requests.")
    unbilled = models.BigIntegerField(default=0, help_text="Settled, not yet in the ledger.")
    overdraft_limit = models.BigIntegerField(default=0)
    seq = models.BigIntegerField(default=0, help_text="Number of the last ledger entry.")
    charge_no = models.BigIntegerField(default=1, help_text="Number that new usage events take.")
    charged_no = models.BigIntegerField(default=0, help_text="Last number posted to the ledger.")
    minute_no = models.IntegerField(default=0, help_text="Minutes since 1970, UTC; only grows.")
    minute_count = models.IntegerField(default=0)
    hour_count = models.IntegerField(default=0)
    day_count = models.IntegerField(default=0)
    open_streams = models.IntegerField(default=0)
    kill_generation = models.IntegerField(default=0)
    status = models.SmallIntegerField(choices=Status.choices, default=Status.ACTIVE)

    withheld = models.BigIntegerField(default=0, help_text="Balance that requests may not use.")
    lapsing = models.BigIntegerField(default=0, help_text="Credit that ends next.")
    lapse_minute = models.IntegerField(default=NEVER, help_text="Minute since 1970, UTC, that it ends with.")

    class Meta:
        db_table = "billing_account"

    def __str__(self) -> str:
        return f"account {self.workspace_id}"
