import datetime
import uuid
from pathlib import Path

from django.db import migrations, models

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    dependencies = [("billing", "0004_health")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL((HERE / "credit_0005.sql").read_text())],
            state_operations=[
                migrations.CreateModel(
                    name="CreditLot",
                    fields=[
                        ("id", models.UUIDField(primary_key=True, serialize=False)),
                        ("workspace_id", models.BigIntegerField()),
                        (
                            "transaction_id",
                            models.UUIDField(help_text="The ledger transaction that brought it."),
                        ),
                        (
                            "source",
                            models.TextField(
                                choices=[
                                    ("plan", "Plan"),
                                    ("grant", "Grant"),
                                    ("voucher", "Voucher"),
                                    ("topup", "Top Up"),
                                    ("recharge", "Recharge"),
                                    ("correction", "Correction"),
                                ]
                            ),
                        ),
                        ("priority", models.SmallIntegerField(help_text="Lower is spent first.")),
                        ("amount", models.BigIntegerField(help_text="Nano-USD.")),
                        ("remaining", models.BigIntegerField(help_text="Nano-USD.")),
                        (
                            "expires_on",
                            models.DateField(help_text="It pays usage of earlier UTC days.", null=True),
                        ),
                        ("created_at", models.DateTimeField()),
                    ],
                    options={
                        "db_table": "billing_credit_lot",
                    },
                ),
                migrations.CreateModel(
                    name="CreditMovement",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                        ("workspace_id", models.BigIntegerField()),
                        ("transaction_id", models.UUIDField()),
                        ("lot_id", models.UUIDField(null=True)),
                        (
                            "amount",
                            models.BigIntegerField(help_text="Nano-USD; negative takes from the lot."),
                        ),
                    ],
                    options={
                        "db_table": "billing_credit_movement",
                    },
                ),
                migrations.CreateModel(
                    name="Purse",
                    fields=[
                        ("workspace_id", models.BigIntegerField(primary_key=True, serialize=False)),
                        (
                            "uncovered",
                            models.BigIntegerField(
                                default=0,
                                help_text="Nano-USD that was taken and that no lot covered: the next credit pays it.",
                            ),
                        ),
                        (
                            "spill",
                            models.TextField(
                                choices=[
                                    ("free", "balance and credits are one"),
                                    ("off", "credits only"),
                                    ("on", "credits first, then the balance"),
                                ],
                                default="free",
                            ),
                        ),
                        (
                            "spill_ceiling",
                            models.BigIntegerField(help_text="Nano-USD of balance per UTC month.", null=True),
                        ),
                        (
                            "spill_month",
                            models.DateField(
                                default=datetime.date(1970, 1, 1),
                                help_text="First day of the UTC month of `spilled`.",
                            ),
                        ),
                        (
                            "spilled",
                            models.BigIntegerField(
                                default=0, help_text="Nano-USD of balance that usage took that month."
                            ),
                        ),
                        ("spill_changed_at", models.DateTimeField(null=True)),
                        ("spill_changed_by", models.TextField(default="")),
                    ],
                    options={
                        "db_table": "billing_purse",
                    },
                ),
                migrations.AddField(
                    model_name="account",
                    name="lapse_minute",
                    field=models.IntegerField(
                        default=2147483647, help_text="Minute since 1970, UTC, that it ends with."
                    ),
                ),
                migrations.AddField(
                    model_name="account",
                    name="lapsing",
                    field=models.BigIntegerField(default=0, help_text="Credit that ends next."),
                ),
                migrations.AddField(
                    model_name="account",
                    name="withheld",
                    field=models.BigIntegerField(default=0, help_text="Balance that requests may not use."),
                ),
            ],
        )
    ]
