"""Re-pricings with their lines and guards, and the view of what is sold without a price of its own."""

from pathlib import Path

import django.contrib.postgres.fields
from django.db import migrations, models

HERE = Path(__file__).parent
STATES = [
    ("draft", "Draft"),
    ("applying", "Applying"),
    ("applied", "Applied"),
    ("discarded", "Discarded"),
]
KINDS = [("suspect", "charged as plain tokens"), ("unpriced", "no price, refused")]


class Migration(migrations.Migration):
    dependencies = [("billing", "0008_payments"), ("catalog", "0008_prices")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL((HERE / "repricing_0006.sql").read_text())],
            state_operations=[
                migrations.CreateModel(
                    name="Reprice",
                    fields=[
                        ("id", models.UUIDField(primary_key=True, serialize=False)),
                        (
                            "model_ids",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.BigIntegerField(), size=None
                            ),
                        ),
                        ("begins", models.DateTimeField(help_text="UTC; requests admitted from here.")),
                        ("ends", models.DateTimeField(help_text="The first minute that is not in it.")),
                        (
                            "price_version_id",
                            models.BigIntegerField(
                                null=True, help_text="What they should have been charged by."
                            ),
                        ),
                        (
                            "multiplier_id",
                            models.BigIntegerField(null=True, help_text="The factor that was wrong."),
                        ),
                        (
                            "multiplier_ppm",
                            models.BigIntegerField(
                                null=True, help_text="What it should have been, in millionths."
                            ),
                        ),
                        (
                            "reason",
                            models.TextField(help_text="Customers read it beside the adjustment."),
                        ),
                        ("requests", models.BigIntegerField()),
                        (
                            "moved",
                            models.BigIntegerField(help_text="Requests that would cost something else."),
                        ),
                        (
                            "raised",
                            models.BigIntegerField(help_text="What workspaces pay more, together."),
                        ),
                        (
                            "lowered",
                            models.BigIntegerField(help_text="What workspaces get back, together."),
                        ),
                        ("two_persons", models.BooleanField(help_text="Who saved it may not apply it.")),
                        (
                            "charges_more",
                            models.BooleanField(
                                default=False, help_text="That workspaces pay more was confirmed."
                            ),
                        ),
                        ("state", models.TextField(choices=STATES, default="draft")),
                        ("created_by", models.BigIntegerField()),
                        ("created_at", models.DateTimeField()),
                        ("applied_by", models.BigIntegerField(null=True)),
                        ("applied_at", models.DateTimeField(null=True)),
                        ("finished_at", models.DateTimeField(null=True)),
                    ],
                    options={"verbose_name": "re-pricing", "db_table": "billing_reprice"},
                ),
                migrations.CreateModel(
                    name="RepriceLine",
                    fields=[
                        ("id", models.UUIDField(primary_key=True, serialize=False)),
                        ("reprice_id", models.UUIDField()),
                        ("workspace_id", models.BigIntegerField()),
                        ("requests", models.BigIntegerField()),
                        ("moved", models.BigIntegerField()),
                        ("charged", models.BigIntegerField(help_text="Nano-USD.")),
                        ("repriced", models.BigIntegerField(help_text="Nano-USD.")),
                        (
                            "delta",
                            models.BigIntegerField(
                                help_text="Nano-USD that it pays more; negative is what it gets back."
                            ),
                        ),
                        ("transaction_id", models.UUIDField(null=True)),
                    ],
                    options={"db_table": "billing_reprice_line"},
                ),
                migrations.CreateModel(
                    name="PriceGap",
                    fields=[
                        ("id", models.TextField(primary_key=True, serialize=False)),
                        ("kind", models.TextField(choices=KINDS)),
                        ("model_id", models.BigIntegerField()),
                        ("provider_id", models.BigIntegerField()),
                        ("price_version_id", models.BigIntegerField()),
                        ("requests", models.BigIntegerField()),
                        ("last_seen", models.DateTimeField(null=True)),
                    ],
                    options={"db_table": "billing_price_gap", "managed": False},
                ),
            ],
        )
    ]
