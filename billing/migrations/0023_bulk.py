import uuid
from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0022_alerts"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL((HERE / "bulk_0023.sql").read_text())],
            state_operations=[
                migrations.CreateModel(
                    name="BulkJob",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                        (
                            "what",
                            models.TextField(
                                choices=[
                                    ("revoke", "Revoke keys"),
                                    ("freeze", "Freeze workspaces"),
                                    ("credit", "Give requests back"),
                                ]
                            ),
                        ),
                        ("narrowed", models.JSONField()),
                        (
                            "percent",
                            models.SmallIntegerField(
                                default=100, help_text="How much of each charge is given back."
                            ),
                        ),
                        ("total", models.IntegerField(help_text="How many rows it is about.")),
                        ("customers", models.IntegerField(help_text="How many workspaces they belong to.")),
                        (
                            "amount_nano",
                            models.BigIntegerField(default=0, help_text="Nano-USD that would be given back."),
                        ),
                        ("by_two", models.BooleanField(default=False)),
                        (
                            "state",
                            models.TextField(
                                choices=[
                                    ("draft", "draft: nothing is done yet"),
                                    ("asked", "waits for a second person"),
                                    ("running", "under way"),
                                    ("done", "Done"),
                                    ("stopped", "Stopped"),
                                ],
                                default="draft",
                            ),
                        ),
                        ("reason", models.TextField(default="")),
                        ("made_by", models.TextField()),
                        ("made_by_id", models.BigIntegerField()),
                        ("made_at", models.DateTimeField()),
                        ("asked_by", models.TextField(default="")),
                        ("asked_by_id", models.BigIntegerField(null=True)),
                        ("begun_by", models.TextField(default="")),
                        ("begun_by_id", models.BigIntegerField(null=True)),
                        ("begun_at", models.DateTimeField(null=True)),
                        ("ended_at", models.DateTimeField(null=True)),
                        ("done", models.IntegerField(default=0)),
                        ("skipped", models.IntegerField(default=0)),
                    ],
                    options={
                        "verbose_name": "job on many rows",
                        "verbose_name_plural": "jobs on many rows",
                        "db_table": "billing_bulk_job",
                    },
                ),
                migrations.CreateModel(
                    name="BulkLine",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                        ("no", models.IntegerField()),
                        ("workspace_id", models.BigIntegerField()),
                        ("subject", models.TextField()),
                        ("amount_nano", models.BigIntegerField(default=0)),
                        (
                            "outcome",
                            models.TextField(
                                blank=True,
                                choices=[("", "not yet"), ("done", "Done"), ("skipped", "Skipped")],
                                default="",
                            ),
                        ),
                        ("said", models.TextField(default="")),
                        ("done_at", models.DateTimeField(null=True)),
                        (
                            "job",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="lines",
                                to="billing.bulkjob",
                            ),
                        ),
                    ],
                    options={
                        "db_table": "billing_bulk_line",
                    },
                ),
            ],
        )
    ]
