from django.db import migrations, models

STATUSES = ("ok", "client_gone", "upstream_cut", "spent", "killed", "drained", "reaped", "failed")


class Migration(migrations.Migration):
    dependencies = [("billing", "0014_moves")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    f"""ALTER TABLE billing_usage_event DROP CONSTRAINT billing_usage_event_status_check,
                        ADD CONSTRAINT billing_usage_event_status_check CHECK (status IN {STATUSES})"""
                )
            ],
            state_operations=[
                migrations.AlterField(
                    model_name="usageevent",
                    name="status",
                    field=models.TextField(
                        choices=[
                            ("ok", "Ok"),
                            ("client_gone", "Client Gone"),
                            ("upstream_cut", "Upstream Cut"),
                            ("spent", "Spent"),
                            ("killed", "Killed"),
                            ("drained", "Drained"),
                            ("reaped", "Reaped"),
                            ("failed", "Failed"),
                        ]
                    ),
                ),
            ],
        )
    ]
