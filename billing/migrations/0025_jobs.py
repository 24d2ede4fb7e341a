"""How background work went last, and what upstreams say they charge us."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

HERE = Path(__file__).parent

STATES = [
    ("matched", "Matched"),
    ("missing", "missing with us"),
    ("extra", "extra with us"),
    ("price", "price difference"),
    ("count", "count difference"),
]


def _id() -> "models.BigAutoField[int, int]":
    return models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    dependencies = [("billing", "0024_months")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL((HERE / "jobs_0025.sql").read_text())],
            state_operations=[
                migrations.CreateModel(
                    name="JobRun",
                    fields=[
                        ("name", models.TextField(primary_key=True, serialize=False)),
                        ("host", models.TextField()),
                        ("ended_at", models.DateTimeField()),
                        ("seconds", models.FloatField(help_text="How long the last run took.")),
                        ("failed", models.BooleanField(help_text="Whether the last run did.")),
                        ("runs", models.BigIntegerField()),
                        ("failures", models.BigIntegerField()),
                        ("failed_at", models.DateTimeField(help_text="When it failed last.", null=True)),
                        ("error", models.TextField(help_text="What it failed of then.")),
                    ],
                    options={"verbose_name": "job", "db_table": "billing_job_run"},
                ),
                migrations.CreateModel(
                    name="UpstreamFile",
                    fields=[
                        ("id", _id()),
                        ("provider_id", models.BigIntegerField()),
                        ("name", models.TextField()),
                        ("digest", models.BinaryField(help_text="SHA-256 of the file.")),
                        ("preset", models.TextField()),
                        ("columns", models.JSONField(help_text="Which column was read as what.")),
                        ("first_day", models.DateField()),
                        ("last_day", models.DateField()),
                        ("rows", models.IntegerField(help_text="Lines that were read.")),
                        (
                            "theirs",
                            models.BigIntegerField(
                                help_text="What the file comes to; empty if it has no costs.", null=True
                            ),
                        ),
                        ("ours", models.BigIntegerField(help_text="What we hold the same days to cost.")),
                        ("states", models.JSONField(help_text="How many lines of each state.")),
                        ("read_by", models.TextField()),
                        ("read_at", models.DateTimeField()),
                    ],
                    options={"db_table": "billing_upstream_file"},
                ),
                migrations.CreateModel(
                    name="UpstreamLine",
                    fields=[
                        ("id", _id()),
                        (
                            "number",
                            models.IntegerField(help_text="Its line in the file; 0 for what only we have."),
                        ),
                        ("state", models.TextField(choices=STATES)),
                        ("day", models.DateField()),
                        ("model", models.TextField(help_text="As the upstream calls it.")),
                        ("request_id", models.UUIDField(null=True)),
                        *(
                            (name, models.BigIntegerField(null=True))
                            for name in ("their_requests", "our_requests")
                        ),
                        *((name, models.BigIntegerField(null=True)) for name in ("their_input", "our_input")),
                        *(
                            (name, models.BigIntegerField(null=True))
                            for name in ("their_output", "our_output")
                        ),
                        *(
                            (name, models.BigIntegerField(help_text="Nano-USD.", null=True))
                            for name in ("theirs", "ours")
                        ),
                        (
                            "difference",
                            models.BigIntegerField(help_text="Nano-USD that they ask beyond what we expect."),
                        ),
                        (
                            "file",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="lines",
                                to="billing.upstreamfile",
                            ),
                        ),
                    ],
                    options={"db_table": "billing_upstream_line"},
                ),
                migrations.CreateModel(
                    name="LineDecision",
                    fields=[
                        ("id", _id()),
                        (
                            "verdict",
                            models.TextField(choices=[("accepted", "Accepted"), ("disputed", "Disputed")]),
                        ),
                        ("reason", models.TextField()),
                        ("made_by", models.TextField()),
                        ("made_at", models.DateTimeField()),
                        (
                            "line",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="decisions",
                                to="billing.upstreamline",
                            ),
                        ),
                    ],
                    options={"db_table": "billing_line_decision"},
                ),
            ],
        )
    ]
