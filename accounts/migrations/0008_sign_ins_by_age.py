"""The index by which sign-ins are listed, newest first, however many there are."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_session_number")]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX accounts_signin_by_age ON accounts_signin (created_at, id)",
            "DROP INDEX accounts_signin_by_age",
        ),
    ]
