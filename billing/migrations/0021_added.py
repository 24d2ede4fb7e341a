from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("billing", "0020_view_revenue")]

    operations = [
        # What Tollway itself adds to each answer, counted beside what its upstream took.
        migrations.RunSQL(
            "ALTER TABLE billing_health ADD COLUMN added integer[] NOT NULL DEFAULT '{}' CHECK (cardinality(added) <= 40)",
            "ALTER TABLE billing_health DROP COLUMN added",
        )
    ]
