"""Several keys per endpoint in a table of their own, and a scope of multipliers for customers' own keys."""

import django.db.models.deletion
from django.db import migrations, models

import kernel.clock

# The trigger comes first: the rows that follow have checks of their own pending until the commit.
_MOVE = """
CREATE TRIGGER raises_revision AFTER INSERT OR UPDATE OR DELETE ON catalog_endpointkey FOR EACH STATEMENT EXECUTE FUNCTION catalog_raise_revision();
INSERT INTO catalog_endpointkey (endpoint_id, name, sealed, hint, active, created_at, set_aside_reason, failures)
SELECT id, 'default', credential, credential_hint, true, now(), '', 0 FROM catalog_endpoint
WHERE credential IS NOT NULL AND credential <> '';
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""
_MOVE_BACK = """
UPDATE catalog_endpoint e SET credential = k.sealed, credential_hint = k.hint FROM catalog_endpointkey k
WHERE k.endpoint_id = e.id AND k.name = 'default';
"""


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0004_chains_and_adapters"),
    ]

    operations = [
        migrations.CreateModel(
            name="EndpointKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(default="default", max_length=64)),
                ("sealed", models.BinaryField()),
                (
                    "hint",
                    models.CharField(
                        blank=True, editable=False, help_text="Last four characters.", max_length=16
                    ),
                ),
                ("active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(default=kernel.clock.now, editable=False)),
                ("set_aside_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("set_aside_reason", models.CharField(blank=True, editable=False, max_length=200)),
                (
                    "failures",
                    models.PositiveIntegerField(
                        default=0,
                        editable=False,
                        help_text="How often in a row it was refused before it was set aside.",
                    ),
                ),
                (
                    "endpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="keys",
                        to="catalog.endpoint",
                    ),
                ),
            ],
            options={
                "verbose_name": "key of ours",
                "verbose_name_plural": "keys of ours",
                "ordering": ["endpoint", "pk"],
                "constraints": [
                    models.UniqueConstraint(fields=("endpoint", "name"), name="endpoint_key_once_by_name"),
                    models.CheckConstraint(
                        condition=models.Q(("sealed", b""), _negated=True), name="endpoint_key_is_kept"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("failures", 0), ("set_aside_at__isnull", True), ("set_aside_reason", "")
                            ),
                            models.Q(
                                ("set_aside_at__isnull", False),
                                models.Q(("set_aside_reason", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="endpoint_key_set_aside_for_a_reason",
                    ),
                ],
            },
        ),
        migrations.RunSQL(_MOVE, reverse_sql=_MOVE_BACK),
        migrations.RemoveField(model_name="endpoint", name="credential"),
        migrations.RemoveField(model_name="endpoint", name="credential_hint"),
        migrations.RemoveConstraint(model_name="multiplier", name="multiplier_target_fits_scope"),
        migrations.AlterField(
            model_name="multiplier",
            name="scope",
            field=models.CharField(
                choices=[
                    ("platform", "Platform"),
                    ("dialect", "Dialect"),
                    ("byok", "a customer's own key"),
                    ("provider", "Provider"),
                    ("tier", "Tier"),
                    ("model", "Model"),
                    ("plan", "Plan"),
                    ("workspace", "Workspace"),
                ],
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="multiplier",
            name="target",
            field=models.CharField(
                blank=True,
                help_text="Slug or id within the scope; empty for the platform. For own keys a provider, or empty for all.",
                max_length=128,
            ),
        ),
        migrations.AddConstraint(
            model_name="multiplier",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("scope", "platform"), ("target", "")),
                    ("scope", "byok"),
                    models.Q(
                        models.Q(("scope", "platform"), _negated=True),
                        models.Q(("target", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="multiplier_target_fits_scope",
            ),
        ),
    ]
