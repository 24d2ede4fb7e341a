"""Functions that do, as the owner of the tables, what a product that runs as another role may not do itself."""

from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("billing", "0026_customer_alerts")]

    operations = [
        migrations.RunSQL((Path(__file__).parent / "owner_0027.sql").read_text(), migrations.RunSQL.noop)
    ]
