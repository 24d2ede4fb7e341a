"""What pages call a key: an API key, as everywhere else."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0014_in_rankings")]

    operations = [
        migrations.AlterModelOptions(
            name="apikey",
            options={
                "ordering": ["workspace", "name"],
                "permissions": [("rotate_apikey", "Can give a key a new secret, and see it")],
                "verbose_name": "API key",
            },
        ),
    ]
