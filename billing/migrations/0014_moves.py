from pathlib import Path

from django.db import migrations, models

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    dependencies = [("billing", "0013_given_credit")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL((HERE / "moves_0014.sql").read_text())],
            state_operations=[
                migrations.CreateModel(
                    name="Move",
                    fields=[
                        ("id", models.UUIDField(primary_key=True, serialize=False)),
                        ("workspace_id", models.BigIntegerField()),
                        (
                            "kind",
                            models.TextField(
                                choices=[
                                    ("grant", "Grant: a gift of ours"),
                                    ("topup", "Top-up: a payment that came by another way"),
                                    ("adjustment", "Adjustment: a correction of charges, up or down"),
                                    ("credit", "Credit for a request"),
                                ]
                            ),
                        ),
                        (
                            "amount",
                            models.BigIntegerField(help_text="Nano-USD; only an adjustment may be negative."),
                        ),
                        (
                            "expires_on",
                            models.DateField(help_text="A grant pays usage of earlier UTC days.", null=True),
                        ),
                        ("request_id", models.UUIDField(null=True)),
                        ("reason", models.TextField()),
                        ("by_two", models.BooleanField(help_text="Somebody else must post it.")),
                        (
                            "status",
                            models.TextField(
                                choices=[
                                    ("asked", "waits for a second person"),
                                    ("posted", "Posted"),
                                    ("declined", "Declined"),
                                ],
                                default="asked",
                            ),
                        ),
                        ("asked_by", models.TextField()),
                        ("asked_at", models.DateTimeField()),
                        ("decided_by", models.TextField(null=True)),
                        ("decided_at", models.DateTimeField(null=True)),
                        ("decision", models.TextField(default="")),
                        ("transaction_id", models.UUIDField(null=True)),
                    ],
                    options={
                        "db_table": "billing_move",
                    },
                ),
            ],
        )
    ]
