import uuid
from pathlib import Path

from django.db import migrations, models

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_idempotency")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL((HERE / "refusals_0003.sql").read_text())],
            state_operations=[
                migrations.CreateModel(
                    name="Refusal",
                    fields=[
                        ("request_id", models.UUIDField(primary_key=True, serialize=False)),
                        ("workspace_id", models.BigIntegerField()),
                        ("minute_no", models.IntegerField(help_text="Minute of arrival since 1970, UTC.")),
                        ("api_key_id", models.BigIntegerField()),
                        ("model", models.TextField(help_text="As it was asked for.")),
                        ("code", models.TextField()),
                        ("message", models.TextField()),
                        ("refused_at", models.DateTimeField()),
                        (
                            "weight",
                            models.IntegerField(help_text="How many requests it would have counted as."),
                        ),
                        ("cap", models.BigIntegerField()),
                        ("used", models.BigIntegerField()),
                        ("resets_at", models.DateTimeField(null=True)),
                        ("required", models.BigIntegerField()),
                        ("available", models.BigIntegerField()),
                        ("held", models.BigIntegerField()),
                    ],
                    options={"db_table": "billing_refusal"},
                ),
                migrations.CreateModel(
                    name="RefusalCount",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                        ("workspace_id", models.BigIntegerField()),
                        ("minute_no", models.IntegerField()),
                        ("api_key_id", models.BigIntegerField()),
                        ("model", models.TextField()),
                        ("code", models.TextField()),
                        ("refusals", models.BigIntegerField()),
                    ],
                    options={"db_table": "billing_refusal_count"},
                ),
            ],
        )
    ]
