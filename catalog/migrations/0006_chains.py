"""Chains that are refused at their moment say why; what was live is kept as it was; hops can change places."""

from pathlib import Path

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0005_endpoint_keys")]

    operations = [
        migrations.AddField(
            model_name="chain",
            name="refusal",
            field=models.TextField(
                blank=True,
                editable=False,
                default="",
                help_text="Why it did not go live at the moment it was scheduled for.",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="chain",
            name="refused_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="chain",
            name="sealed_in",
            field=models.BigIntegerField(
                blank=True,
                editable=False,
                help_text="The transaction in which it ceased to be a draft; a trigger writes it, and lets hops be added in that one only.",
                null=True,
            ),
        ),
        migrations.AddConstraint(
            model_name="chain",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("refusal", ""), ("refused_at__isnull", True)),
                    models.Q(
                        ("refused_at__isnull", False),
                        ("status", "draft"),
                        models.Q(("refusal", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="chain_refusal_is_dated_and_of_a_draft",
            ),
        ),
        migrations.RemoveConstraint(model_name="hop", name="hop_position_once"),
        migrations.AddConstraint(
            model_name="hop",
            constraint=models.UniqueConstraint(
                deferrable=models.Deferrable["DEFERRED"],
                fields=("chain", "position"),
                name="hop_position_once",
            ),
        ),
        migrations.RunSQL(
            (Path(__file__).parent / "guards_0006.sql").read_text(), reverse_sql=migrations.RunSQL.noop
        ),
    ]
