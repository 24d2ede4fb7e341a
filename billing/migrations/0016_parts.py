from pathlib import Path

from django.db import migrations, models

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    dependencies = [("billing", "0015_spent")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL((HERE / "parts_0016.sql").read_text())],
            state_operations=[
                migrations.CreateModel(
                    name="Part",
                    fields=[
                        ("name", models.TextField(primary_key=True, serialize=False)),
                        (
                            "kind",
                            models.TextField(
                                choices=[
                                    ("web", "Web process"),
                                    ("beat", "Beat"),
                                    ("sweep", "Sweeps"),
                                ]
                            ),
                        ),
                        ("host", models.TextField()),
                        ("pid", models.IntegerField()),
                        ("heard_at", models.DateTimeField()),
                        ("said", models.JSONField(default=dict)),
                    ],
                    options={"db_table": "billing_part"},
                )
            ],
        )
    ]
