"""What operators say of the things on their desk, and the indexes by which those are found."""

from pathlib import Path

from django.db import migrations, models

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    dependencies = [("billing", "0016_parts")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL((HERE / "desk_0017.sql").read_text())],
            state_operations=[
                migrations.CreateModel(
                    name="DeskMark",
                    fields=[
                        ("id", models.UUIDField(primary_key=True, serialize=False)),
                        ("item", models.TextField(help_text="What waits, as the desk names it.")),
                        ("title", models.TextField(help_text="What it was called then.")),
                        ("kind", models.TextField(choices=[("later", "put off"), ("for", "given to")])),
                        (
                            "until",
                            models.DateTimeField(
                                help_text="Not shown before; empty: shown again.", null=True
                            ),
                        ),
                        (
                            "person_id",
                            models.BigIntegerField(help_text="Whose it is; empty: nobody's.", null=True),
                        ),
                        ("by", models.TextField()),
                        ("made_at", models.DateTimeField()),
                    ],
                    options={"db_table": "billing_desk_mark"},
                )
            ],
        )
    ]
