from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("billing", "0006_repricing")]

    operations = [
        # What a workspace was given is summed over what moved beside usage: little, among very many charges.
        migrations.RunSQL(
            "CREATE INDEX billing_ledger_transaction_given ON billing_ledger_transaction (workspace_id)"
            " WHERE kind <> 'usage'",
            "DROP INDEX billing_ledger_transaction_given",
        )
    ]
