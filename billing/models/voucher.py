"""The rows of vouchers: batches that operators make, codes of which only digests are kept, and who redeemed them."""

import uuid

from django.db import models
from django.db.models import F, Q

from kernel import clock

__all__ = ["Redemption", "Voucher", "VoucherBatch"]


class VoucherBatch(models.Model):
    """Codes made at once, on the same terms; `amount` is nano-USD for each redemption.

    The credit of a redemption ends on `credit_ends_on`, or `credit_days` days after it, or never.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    note = models.CharField(max_length=200, help_text="What it is for; customers do not see it.")
    amount = models.BigIntegerField()
    codes = models.IntegerField(help_text="How many codes, at most 10,000.")
    most_redemptions = models.IntegerField(default=1, help_text="How many workspaces may redeem one code.")
    once_per_workspace = models.BooleanField(
        default=True, help_text="A workspace may redeem only one code of this batch."
    )
    redeem_by = models.DateField(null=True, blank=True, help_text="The last UTC day for redeeming.")
    credit_days = models.IntegerField(
        null=True,
        blank=True,
        help_text="Full UTC days that the credit lasts after the day it is redeemed on.",
    )
    credit_ends_on = models.DateField(
        null=True, blank=True, help_text="UTC day from whose start on the credit is gone."
    )
    created_at = models.DateTimeField(default=clock.now, editable=False)
    created_by = models.CharField(max_length=254, editable=False)
    stopped_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        db_table = "billing_voucher_batch"
        verbose_name_plural = "voucher batches"
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="voucher_batch_gives_something"),
            models.CheckConstraint(condition=Q(codes__range=(1, 10_000)), name="voucher_batch_is_bounded"),
            models.CheckConstraint(
                condition=Q(most_redemptions__range=(1, 1_000_000)), name="voucher_redemptions_are_bounded"
            ),
            models.CheckConstraint(
                condition=Q(credit_days__isnull=True)
                | Q(credit_days__range=(1, 3650), credit_ends_on__isnull=True),
                name="voucher_credit_ends_once",
            ),
        ]

    def __str__(self) -> str:
        return self.note


class Voucher(models.Model):
    """One code: its digest, and the part of it that may be shown."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    batch = models.ForeignKey(VoucherBatch, on_delete=models.PROTECT, related_name="vouchers")
    digest = models.BinaryField(unique=True, editable=False)
    prefix = models.CharField(max_length=8)
    most_redemptions = models.IntegerField()
    redeemed = models.IntegerField(default=0)

    class Meta:
        db_table = "billing_voucher"
        constraints = [
            models.CheckConstraint(
                condition=Q(redeemed__gte=0, redeemed__lte=F("most_redemptions")),
                name="voucher_redeemed_within_its_bound",
            )
        ]

    def __str__(self) -> str:
        return f"{self.prefix}…"


class Redemption(models.Model):
    """A workspace's use of a code; written once. `place` counts the uses of the code from 1.

    `once_of` is the batch where a workspace may redeem only one code of it, else null.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace_id = models.BigIntegerField()
    voucher = models.ForeignKey(Voucher, on_delete=models.PROTECT, related_name="redemptions")
    place = models.IntegerField()
    once_of = models.UUIDField(null=True)
    transaction_id = models.UUIDField()
    expires_on = models.DateField(null=True)
    redeemed_at = models.DateTimeField(default=clock.now)
    redeemed_by = models.CharField(max_length=254)

    class Meta:
        db_table = "billing_voucher_redemption"
        constraints = [
            models.UniqueConstraint(fields=["voucher", "place"], name="voucher_place_is_taken_once"),
            models.UniqueConstraint(fields=["workspace_id", "voucher"], name="voucher_once_per_workspace"),
            models.UniqueConstraint(
                fields=["workspace_id", "once_of"], name="voucher_batch_once_per_workspace"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.voucher} by workspace {self.workspace_id}"
