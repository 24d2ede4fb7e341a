from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("billing", "0019_ledger_of_workspace")]

    operations = [
        migrations.AlterModelOptions(
            name="dailyusage",
            options={
                "permissions": [("view_revenue", "Sees what the whole house takes, and what stays of it")],
                "verbose_name_plural": "daily usage",
            },
        )
    ]
