"""Say what the days of terms are that single requests are shown for."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0009_proposals")]

    operations = [
        migrations.AlterField(
            model_name="planversion",
            name="retention_days",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="For how many UTC days, today included, the customer can look at single requests; empty: as long as they are kept. Sums, statements and papers stay whole.",
                null=True,
            ),
        ),
    ]
