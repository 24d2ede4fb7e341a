from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_trail")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="session_number",
            field=models.IntegerField(db_default=0, default=0, editable=False),
        ),
    ]
