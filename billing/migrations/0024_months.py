"""Months of the books as they were counted last, and how they were closed, each close chained to the one before."""

from pathlib import Path

from django.db import migrations, models

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    dependencies = [("billing", "0023_bulk")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL((HERE / "months_0024.sql").read_text())],
            state_operations=[
                migrations.CreateModel(
                    name="BookMonth",
                    fields=[
                        (
                            "first",
                            models.DateField(
                                help_text="The month's first UTC day.", primary_key=True, serialize=False
                            ),
                        ),
                        ("figures", models.JSONField(default=dict)),
                        ("counted_at", models.DateTimeField(null=True)),
                        (
                            "asked_at",
                            models.DateTimeField(
                                help_text="When somebody asked for it to be counted again.", null=True
                            ),
                        ),
                    ],
                    options={
                        "db_table": "billing_book_month",
                        "verbose_name": "month",
                        "ordering": ["-first"],
                    },
                ),
                migrations.CreateModel(
                    name="MonthClose",
                    fields=[
                        (
                            "no",
                            models.BigIntegerField(help_text="Gap-free.", primary_key=True, serialize=False),
                        ),
                        ("first", models.DateField(unique=True)),
                        ("figures", models.JSONField()),
                        ("counted_at", models.DateTimeField()),
                        ("against", models.JSONField(help_text="What stood against it, in words.")),
                        ("reason", models.TextField()),
                        ("closed_by", models.TextField()),
                        ("closed_at", models.DateTimeField()),
                        ("before", models.BinaryField(help_text="The hash of the close before.")),
                        ("hash", models.BinaryField()),
                    ],
                    options={
                        "db_table": "billing_month_close",
                        "verbose_name": "close of a month",
                        "verbose_name_plural": "closes of months",
                        "ordering": ["-no"],
                    },
                ),
            ],
        )
    ]
