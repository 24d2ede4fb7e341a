"""Subscriptions and their changes; who is on a plan with a price or credits begins one today."""

import uuid
from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

import kernel.clock


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_upgrades"),
        ("billing", "0012_key_budgets"),
        ("catalog", "0010_plans"),
    ]

    operations = [
        migrations.CreateModel(
            name="Subscription",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("workspace_id", models.BigIntegerField()),
                (
                    "plan_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="subscriptions",
                        to="catalog.planversion",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("active", "Active"), ("past_due", "past due"), ("cancelled", "Cancelled")],
                        default="active",
                        max_length=16,
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[("operator", "Operator"), ("stripe", "Stripe")],
                        default="operator",
                        max_length=16,
                    ),
                ),
                ("anchor", models.DateField()),
                ("current_period_start", models.DateField()),
                (
                    "current_period_end",
                    models.DateField(
                        help_text="The first day after it; none where the plan has no periods.", null=True
                    ),
                ),
                (
                    "granted_for",
                    models.DateField(
                        help_text="Start of the last period whose credits were granted.", null=True
                    ),
                ),
                ("due_on", models.DateField(null=True)),
                (
                    "next_plan_version",
                    models.ForeignKey(
                        help_text="From the next period on.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalog.planversion",
                    ),
                ),
                ("cancel_at_period_end", models.BooleanField(default=False)),
                (
                    "missed",
                    models.PositiveIntegerField(
                        default=0, help_text="Periods that were over before anything could be granted."
                    ),
                ),
                ("missed_last", models.DateField(help_text="When the last of them began.", null=True)),
                ("stripe_subscription_id", models.CharField(max_length=255, null=True, unique=True)),
                ("stripe_customer_id", models.CharField(max_length=255, null=True)),
                (
                    "stripe_heard",
                    models.BigIntegerField(
                        default=0, help_text="Unix time of the newest of Stripe's words on its state."
                    ),
                ),
                ("created_at", models.DateTimeField(default=kernel.clock.now)),
                ("ended_on", models.DateField(null=True)),
            ],
            options={
                "db_table": "billing_subscription",
                "ordering": ["-created_at"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_on__isnull", False)),
                        fields=["due_on", "id"],
                        name="subscription_due",
                    ),
                    models.Index(fields=["workspace_id", "created_at"], name="subscription_of_workspace"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status", "cancelled"), _negated=True),
                        fields=("workspace_id",),
                        name="subscription_one_at_a_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["active", "past_due", "cancelled"])),
                        name="subscription_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("source", "operator"), ("stripe_subscription_id__isnull", True)),
                            models.Q(
                                ("due_on__isnull", True),
                                ("source", "stripe"),
                                ("stripe_subscription_id__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="subscription_source_fits",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("current_period_start__gte", models.F("anchor")),
                            models.Q(
                                ("current_period_end__isnull", True),
                                ("current_period_end__gt", models.F("current_period_start")),
                                _connector="OR",
                            ),
                        ),
                        name="subscription_period_fits",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("due_on__isnull", True), ("ended_on__isnull", False), ("status", "cancelled")
                            ),
                            models.Q(
                                models.Q(("status", "cancelled"), _negated=True), ("ended_on__isnull", True)
                            ),
                            _connector="OR",
                        ),
                        name="subscription_ends_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("cancel_at_period_end", False),
                            ("current_period_end__isnull", False),
                            _connector="OR",
                        ),
                        name="subscription_cancels_at_an_end",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SubscriptionChange",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("token", models.UUIDField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("begun", "Begun"),
                            ("changed", "changed at once"),
                            ("scheduled", "changes at the period's end"),
                            ("kept", "stays as it is"),
                            ("taken", "scheduled change took effect"),
                            ("moved", "moved with all who had its terms"),
                            ("ended", "Ended"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "from_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalog.planversion",
                    ),
                ),
                (
                    "to_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalog.planversion",
                    ),
                ),
                ("takes_effect_on", models.DateField()),
                (
                    "granted_nano",
                    models.BigIntegerField(default=0, help_text="Nano-USD of credit granted with it."),
                ),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("actor", models.CharField(max_length=254)),
                ("created_at", models.DateTimeField(default=kernel.clock.now)),
            ],
            options={
                "db_table": "billing_subscription_change",
                "ordering": ["-created_at"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("workspace_id", "token"), name="subscription_change_once_per_token"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("granted_nano__gte", 0)), name="subscription_change_grants"
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            (Path(__file__).parent / "subscriptions_0007.sql").read_text(), reverse_sql=migrations.RunSQL.noop
        ),
    ]
