from pathlib import Path

from django.db import migrations

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    dependencies = [("billing", "0003_refusals")]

    operations = [migrations.RunSQL((HERE / "health_0004.sql").read_text())]
