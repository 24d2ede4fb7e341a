"""Terms name models beside tiers and never change once published; a custom plan is for one workspace."""

from pathlib import Path

import django.contrib.postgres.fields
from django.db import migrations, models


def _patterns(text: str) -> django.contrib.postgres.fields.ArrayField:  # type: ignore[type-arg]
    return django.contrib.postgres.fields.ArrayField(
        base_field=models.CharField(max_length=128), blank=True, default=list, help_text=text, size=None
    )


class Migration(migrations.Migration):
    dependencies = [("catalog", "0007_own_key_factor")]

    operations = [
        migrations.AlterModelOptions(name="plan", options={"ordering": ["rank", "pk"]}),
        migrations.AddField(
            model_name="plan",
            name="only_for",
            field=models.BigIntegerField(
                blank=True,
                editable=False,
                help_text="The one workspace that has it.",
                null=True,
                unique=True,
            ),
        ),
        migrations.AlterField(
            model_name="plan",
            name="public",
            field=models.BooleanField(default=True, help_text="Named to customers as a plan they can have."),
        ),
        migrations.AlterField(
            model_name="plan",
            name="rank",
            field=models.PositiveSmallIntegerField(help_text="Higher includes more."),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.UniqueConstraint(
                condition=models.Q(("only_for__isnull", True)),
                fields=("rank",),
                name="plan_rank_once",
                violation_error_message="Another plan has this rank.",
            ),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.CheckConstraint(
                condition=models.Q(("only_for__isnull", True), ("public", False), _connector="OR"),
                name="plan_of_one_is_not_public",
            ),
        ),
        migrations.AddField(
            model_name="planversion",
            name="also_models",
            field=_patterns("Patterns of models that are included beside the tiers: route/qwen*."),
        ),
        migrations.AddField(
            model_name="planversion",
            name="except_models",
            field=_patterns(
                "Patterns of models that are not included, whatever the tiers and patterns above say."
            ),
        ),
        migrations.AddField(
            model_name="planversion",
            name="retention_days",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="How long details of usage are kept; empty for the platform's time.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="planversion",
            name="spill_ceiling_nano",
            field=models.BigIntegerField(
                blank=True,
                help_text="Nano-USD a UTC month: the ceiling that is offered when a customer lets usage go on with the balance.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="planversion",
            name="tiers",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[("free", "Free"), ("lite", "Lite"), ("premium", "Premium"), ("max", "Max")],
                    max_length=16,
                ),
                blank=True,
                size=None,
            ),
        ),
        migrations.AddConstraint(
            model_name="planversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("tiers", []), _negated=True),
                    models.Q(("also_models", []), _negated=True),
                    _connector="OR",
                ),
                name="plan_includes_something",
                violation_error_message="Choose a tier, or name models.",
            ),
        ),
        migrations.AddConstraint(
            model_name="planversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("retention_days__isnull", True), ("retention_days__gt", 0), _connector="OR"
                ),
                name="plan_retention_positive",
            ),
        ),
        migrations.AddConstraint(
            model_name="planversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("spill_ceiling_nano__isnull", True), ("spill_ceiling_nano__gt", 0), _connector="OR"
                ),
                name="plan_spill_ceiling_positive",
            ),
        ),
        migrations.RunSQL(
            (Path(__file__).parent / "guards_0010.sql").read_text(), reverse_sql=migrations.RunSQL.noop
        ),
    ]
