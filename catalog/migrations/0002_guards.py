"""Append-only prices and the revision of the catalogue, as triggers."""

from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]
    operations = [
        migrations.RunSQL(
            (Path(__file__).parent / "guards_0001.sql").read_text(), reverse_sql=migrations.RunSQL.noop
        )
    ]
