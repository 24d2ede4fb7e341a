from pathlib import Path

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_workspace_pages")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL((Path(__file__).parent / "trail_0006.sql").read_text())],
            state_operations=[
                migrations.CreateModel(
                    name="TrailRow",
                    fields=[
                        ("no", models.BigIntegerField(primary_key=True, serialize=False)),
                        ("at", models.DateTimeField()),
                        ("actor_id", models.BigIntegerField(null=True)),
                        ("actor", models.TextField()),
                        ("address", models.TextField()),
                        ("request_id", models.TextField()),
                        (
                            "verb",
                            models.TextField(
                                choices=[("add", "Added"), ("change", "Changed"), ("delete", "Deleted")]
                            ),
                        ),
                        ("model", models.TextField()),
                        ("object_id", models.TextField()),
                        ("object", models.TextField()),
                        ("workspace_id", models.BigIntegerField(null=True)),
                        ("said", models.TextField()),
                        ("reason", models.TextField()),
                        ("changes", models.JSONField()),
                        ("before", models.BinaryField()),
                        ("hash", models.BinaryField()),
                    ],
                    options={"verbose_name": "change", "db_table": "accounts_trail", "ordering": ["-no"]},
                ),
            ],
        )
    ]
