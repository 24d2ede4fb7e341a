"""The index by which a workspace's movements are listed, newest first, however many there are."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("billing", "0018_announcements")]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX billing_ledger_transaction_of_workspace ON billing_ledger_transaction (workspace_id, id)",
            "DROP INDEX billing_ledger_transaction_of_workspace",
        ),
    ]
