from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0009_invitations_and_farewells")]

    operations = [
        # The changes of one kind of row, the newest first; without it they would be sorted.
        migrations.RunSQL(
            "CREATE INDEX accounts_trail_of_kind ON accounts_trail (model, no)",
            "DROP INDEX accounts_trail_of_kind",
        )
    ]
