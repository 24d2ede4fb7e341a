"""A workspace has another plan's terms for a while, one at a time; custom plans are their workspace's alone."""

from pathlib import Path

import django.contrib.postgres.constraints
import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.fields import RangeOperators
from django.db import migrations, models
from django.db.models import F, Func, Q, Value

import kernel.clock


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_provider_keys"),
        ("catalog", "0010_plans"),
    ]

    operations = [
        migrations.CreateModel(
            name="PlanUpgrade",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField(help_text="The first moment without it.")),
                ("reason", models.CharField(max_length=200)),
                ("created_at", models.DateTimeField(default=kernel.clock.now, editable=False)),
                (
                    "granted_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "plan_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalog.planversion",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="upgrades",
                        to="accounts.workspace",
                    ),
                ),
            ],
            options={
                "ordering": ["workspace", "-starts_at"],
                "indexes": [models.Index(fields=["workspace", "ends_at"], name="upgrade_by_its_end")],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(("ends_at__gt", F("starts_at"))),
                        name="upgrade_ends_after_it_begins",
                        violation_error_message="It must end after it begins.",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        name="upgrade_one_at_a_time",
                        expressions=[
                            (
                                Func(F("workspace"), F("workspace"), Value("[]"), function="int8range"),
                                RangeOperators.OVERLAPS,
                            ),
                            (
                                Func(F("starts_at"), F("ends_at"), Value("[)"), function="tstzrange"),
                                RangeOperators.OVERLAPS,
                            ),
                        ],
                        violation_error_message="Another upgrade of this workspace overlaps with it.",
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            (Path(__file__).parent / "upgrades_0004.sql").read_text(), reverse_sql=migrations.RunSQL.noop
        ),
    ]
