import uuid
from pathlib import Path

from django.db import migrations, models

HERE = Path(__file__).parent

DAY_SEAL = migrations.CreateModel(
    name="DaySeal",
    fields=[
        ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
        ("workspace_id", models.BigIntegerField()),
        ("no", models.BigIntegerField(help_text="Gap-free per workspace.")),
        ("form", models.SmallIntegerField(help_text="How the sealed rows are written down.")),
        ("day", models.DateField()),
        ("revision", models.SmallIntegerField()),
        ("through_no", models.BigIntegerField(help_text="The last charge number it covers.")),
        ("events", models.BigIntegerField()),
        ("sums", models.JSONField(help_text="Of all events it covers; money in nano-USD.")),
        ("events_digest", models.BinaryField()),
        (
            "days_digest",
            models.BinaryField(help_text="Of the day's sums by key, model, provider and tag."),
        ),
        ("ledger_seq", models.BigIntegerField(help_text="The last ledger entry when it was sealed.")),
        (
            "ledger_digest",
            models.BinaryField(help_text="Of the entries up to it, through the seals before."),
        ),
        ("seal", models.BinaryField()),
        ("sealed_at", models.DateTimeField()),
    ],
    options={"db_table": "billing_day_seal"},
)
DROPPED_MONTH = migrations.CreateModel(
    name="DroppedMonth",
    fields=[
        ("month", models.DateField(primary_key=True, serialize=False)),
        ("events", models.BigIntegerField()),
        ("dropped_at", models.DateTimeField()),
    ],
    options={"db_table": "billing_dropped_month"},
)
AUDIT_RUN = migrations.CreateModel(
    name="AuditRun",
    fields=[
        ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
        ("kind", models.TextField(choices=[("window", "last days"), ("whole", "everything")])),
        ("actor", models.TextField()),
        ("started_at", models.DateTimeField(db_index=True)),
        ("ended_at", models.DateTimeField(null=True)),
        ("since", models.DateField(help_text="The first UTC day looked at; empty for all.", null=True)),
        ("compared", models.BigIntegerField(default=0)),
        ("broken", models.BigIntegerField(default=0)),
        ("seals", models.BigIntegerField(default=0, help_text="Seals there were.")),
        ("sealed_days", models.IntegerField(default=0)),
        ("rules", models.JSONField(default=list, help_text="Each rule with its first findings.")),
        ("newest_seals", models.JSONField(default=list)),
    ],
    options={"db_table": "billing_audit_run"},
)


class Migration(migrations.Migration):
    dependencies = [("billing", "0012_key_budgets")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL((HERE / "proof_0011.sql").read_text())],
            state_operations=[DAY_SEAL, DROPPED_MONTH],
        ),
        AUDIT_RUN,
    ]
