from pathlib import Path

from django.db import migrations, models

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    dependencies = [("billing", "0005_credit_lots")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL((HERE / "budgets_0012.sql").read_text())],
            state_operations=[
                migrations.AddField(
                    model_name="admission", name="budgeted", field=models.BooleanField(default=False)
                ),
                migrations.CreateModel(
                    name="KeyBudget",
                    fields=[
                        ("workspace_id", models.BigIntegerField()),
                        ("api_key_id", models.BigIntegerField(primary_key=True, serialize=False)),
                        (
                            "period",
                            models.TextField(
                                choices=[
                                    ("day", "Day"),
                                    ("week", "week, from Monday"),
                                    ("month", "Month"),
                                    ("none", "never renewed"),
                                ]
                            ),
                        ),
                        ("limit_nano", models.BigIntegerField()),
                        (
                            "window_day",
                            models.IntegerField(help_text="First day of the present window, since 1970."),
                        ),
                        ("spent", models.BigIntegerField(default=0)),
                        ("held", models.BigIntegerField(default=0)),
                        ("changed_at", models.DateTimeField()),
                        ("changed_by", models.TextField(default="")),
                    ],
                    options={"db_table": "billing_key_budget"},
                ),
            ],
        )
    ]
