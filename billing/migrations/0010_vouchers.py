import uuid
from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

import kernel.clock

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    dependencies = [("billing", "0009_paper")]

    operations = [
        migrations.CreateModel(
            name="VoucherBatch",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "note",
                    models.CharField(help_text="What it is for; customers do not see it.", max_length=200),
                ),
                ("amount", models.BigIntegerField()),
                ("codes", models.IntegerField(help_text="How many codes, at most 10,000.")),
                (
                    "most_redemptions",
                    models.IntegerField(default=1, help_text="How many workspaces may redeem one code."),
                ),
                (
                    "once_per_workspace",
                    models.BooleanField(
                        default=True, help_text="A workspace may redeem only one code of this batch."
                    ),
                ),
                (
                    "redeem_by",
                    models.DateField(blank=True, help_text="The last UTC day for redeeming.", null=True),
                ),
                (
                    "credit_days",
                    models.IntegerField(
                        blank=True,
                        help_text="Full UTC days that the credit lasts after the day it is redeemed on.",
                        null=True,
                    ),
                ),
                (
                    "credit_ends_on",
                    models.DateField(
                        blank=True, help_text="UTC day from whose start on the credit is gone.", null=True
                    ),
                ),
                ("created_at", models.DateTimeField(default=kernel.clock.now, editable=False)),
                ("created_by", models.CharField(editable=False, max_length=254)),
                ("stopped_at", models.DateTimeField(editable=False, null=True)),
            ],
            options={
                "verbose_name_plural": "voucher batches",
                "db_table": "billing_voucher_batch",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="voucher_batch_gives_something"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("codes__range", (1, 10000))), name="voucher_batch_is_bounded"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("most_redemptions__range", (1, 1000000))),
                        name="voucher_redemptions_are_bounded",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("credit_days__isnull", True),
                            models.Q(("credit_days__range", (1, 3650)), ("credit_ends_on__isnull", True)),
                            _connector="OR",
                        ),
                        name="voucher_credit_ends_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Voucher",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="vouchers",
                        to="billing.voucherbatch",
                    ),
                ),
                ("digest", models.BinaryField(unique=True)),
                ("prefix", models.CharField(max_length=8)),
                ("most_redemptions", models.IntegerField()),
                ("redeemed", models.IntegerField(default=0)),
            ],
            options={
                "db_table": "billing_voucher",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("redeemed__gte", 0), ("redeemed__lte", models.F("most_redemptions"))
                        ),
                        name="voucher_redeemed_within_its_bound",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Redemption",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("workspace_id", models.BigIntegerField()),
                (
                    "voucher",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="redemptions",
                        to="billing.voucher",
                    ),
                ),
                ("place", models.IntegerField()),
                ("once_of", models.UUIDField(null=True)),
                ("transaction_id", models.UUIDField()),
                ("expires_on", models.DateField(null=True)),
                ("redeemed_at", models.DateTimeField(default=kernel.clock.now)),
                ("redeemed_by", models.CharField(max_length=254)),
            ],
            options={
                "db_table": "billing_voucher_redemption",
                "constraints": [
                    models.UniqueConstraint(fields=("voucher", "place"), name="voucher_place_is_taken_once"),
                    models.UniqueConstraint(
                        fields=("workspace_id", "voucher"), name="voucher_once_per_workspace"
                    ),
                    models.UniqueConstraint(
                        fields=("workspace_id", "once_of"), name="voucher_batch_once_per_workspace"
                    ),
                ],
            },
        ),
        migrations.RunSQL((HERE / "vouchers_0010.sql").read_text()),
    ]
