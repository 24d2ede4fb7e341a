import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0011_management_tokens"),
    ]

    operations = [
        migrations.CreateModel(
            name="HubSession",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.BinaryField()),
                ("sealed", models.BinaryField()),
                ("expires_at", models.DateTimeField()),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="hub_sessions",
                        to="accounts.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "session of the hub",
                "verbose_name_plural": "sessions of the hub",
                "indexes": [models.Index(fields=["expires_at"], name="hub_session_by_its_end")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("workspace", "digest"), name="hub_session_once_per_workspace"
                    )
                ],
            },
        ),
    ]
