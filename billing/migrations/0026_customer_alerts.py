"""What customers have watched, each time it was met, where it goes, and what was sent of it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kernel.clock


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0011_management_tokens"),
        ("billing", "0025_jobs"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CustomerAlert",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("spend", "Spend of the month"),
                            ("forecast", "Forecast of the month"),
                            ("key", "Limit of a key"),
                            ("errors", "Failed requests"),
                            ("balance", "Low balance"),
                        ],
                        max_length=8,
                    ),
                ),
                ("amount", models.BigIntegerField(help_text="Nano-USD.", null=True)),
                ("percent", models.PositiveSmallIntegerField(null=True)),
                ("by_mail", models.BooleanField(default=True, verbose_name="by e-mail")),
                ("active", models.BooleanField(default=True, verbose_name="on")),
                ("episode", models.PositiveIntegerField(default=1)),
                ("eased_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(default=kernel.clock.now)),
                ("removed_at", models.DateTimeField(null=True)),
                (
                    "api_key",
                    models.ForeignKey(
                        help_text="Without: any key.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.apikey",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="alerts",
                        to="accounts.workspace",
                    ),
                ),
            ],
            options={
                "db_table": "billing_customer_alert",
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="CustomerEndpoint",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("address", models.CharField(max_length=300)),
                ("sealed", models.BinaryField()),
                ("sealed_before", models.BinaryField(default=b"")),
                ("renewed_at", models.DateTimeField(null=True)),
                ("active", models.BooleanField(default=True, verbose_name="on")),
                ("created_at", models.DateTimeField(default=kernel.clock.now)),
                ("removed_at", models.DateTimeField(null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="endpoints",
                        to="accounts.workspace",
                    ),
                ),
            ],
            options={
                "db_table": "billing_customer_endpoint",
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="CustomerFiring",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                (
                    "cycle",
                    models.CharField(
                        help_text="The month, the window of a limit, or which time it is.", max_length=40
                    ),
                ),
                (
                    "subject",
                    models.CharField(blank=True, help_text="The number of a key, or nothing.", max_length=20),
                ),
                ("title", models.CharField(max_length=200)),
                ("detail", models.CharField(max_length=400)),
                ("url", models.CharField(max_length=200)),
                ("value", models.BigIntegerField(help_text="Nano-USD, or thousandths of a percent.")),
                ("fired_at", models.DateTimeField()),
                (
                    "alert",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="firings",
                        to="billing.customeralert",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.workspace"
                    ),
                ),
            ],
            options={
                "db_table": "billing_customer_firing",
                "ordering": ["-fired_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="CustomerDelivery",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("body", models.TextField(help_text="What is sent, the same each time.")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "waits"),
                            ("sent", "sent"),
                            ("failed", "failed"),
                            ("spared", "over before it was sent"),
                        ],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("made_at", models.DateTimeField(default=kernel.clock.now)),
                ("due_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(null=True)),
                (
                    "log",
                    models.JSONField(
                        default=list, help_text="Each try: when, what came of it, and milliseconds."
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.workspace"
                    ),
                ),
                (
                    "endpoint",
                    models.ForeignKey(
                        help_text="Without: by e-mail.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="billing.customerendpoint",
                    ),
                ),
                (
                    "firing",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="billing.customerfiring",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "customer deliveries",
                "db_table": "billing_customer_delivery",
                "ordering": ["-made_at", "-id"],
            },
        ),
        migrations.AddIndex(
            model_name="customeralert",
            index=models.Index(
                condition=models.Q(("active", True), ("removed_at__isnull", True)),
                fields=["kind", "id"],
                name="customer_alert_on",
            ),
        ),
        migrations.AddConstraint(
            model_name="customeralert",
            constraint=models.UniqueConstraint(
                condition=models.Q(("removed_at__isnull", True)),
                fields=("workspace", "kind", "amount", "percent", "api_key"),
                name="customer_alert_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="customeralert",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("amount__gt", 0),
                        ("kind__in", ("spend", "forecast", "balance")),
                        ("percent__isnull", True),
                    ),
                    models.Q(
                        ("amount__isnull", True),
                        ("kind__in", ["key", "errors"]),
                        ("percent__gte", 1),
                        ("percent__lte", 100),
                    ),
                    _connector="OR",
                ),
                name="customer_alert_has_what_its_kind_needs",
            ),
        ),
        migrations.AddConstraint(
            model_name="customeralert",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind", "key"), ("api_key__isnull", True), _connector="OR"),
                name="customer_alert_key_of_its_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="customeralert",
            constraint=models.CheckConstraint(
                condition=models.Q(("episode__gte", 1)), name="customer_alert_episode"
            ),
        ),
        migrations.AddConstraint(
            model_name="customerendpoint",
            constraint=models.UniqueConstraint(
                condition=models.Q(("removed_at__isnull", True)),
                fields=("workspace", "address"),
                name="customer_endpoint_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="customerendpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("address", ""), _negated=True), models.Q(("sealed", b""), _negated=True)
                ),
                name="customer_endpoint_has_what_it_needs",
            ),
        ),
        migrations.AddConstraint(
            model_name="customerendpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("renewed_at__isnull", True), ("renewed_at__gte", models.F("created_at")), _connector="OR"
                ),
                name="customer_endpoint_renewed_later",
            ),
        ),
        migrations.AddIndex(
            model_name="customerfiring",
            index=models.Index(fields=["workspace", "-fired_at", "-id"], name="customer_firing_newest"),
        ),
        migrations.AddIndex(
            model_name="customerfiring",
            index=models.Index(fields=["fired_at"], name="customer_firing_oldest"),
        ),
        migrations.AddConstraint(
            model_name="customerfiring",
            constraint=models.UniqueConstraint(
                fields=("alert", "cycle", "subject"), name="customer_firing_once_a_cycle"
            ),
        ),
        migrations.AddIndex(
            model_name="customerdelivery",
            index=models.Index(fields=["workspace", "-made_at", "-id"], name="customer_delivery_newest"),
        ),
        migrations.AddIndex(
            model_name="customerdelivery",
            index=models.Index(fields=["made_at"], name="customer_delivery_oldest"),
        ),
        migrations.AddIndex(
            model_name="customerdelivery",
            index=models.Index(
                condition=models.Q(("status", "waiting")),
                fields=["tries", "due_at"],
                name="customer_delivery_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="customerdelivery",
            constraint=models.UniqueConstraint(
                condition=models.Q(("firing__isnull", False)),
                fields=("firing", "endpoint"),
                name="customer_delivery_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="customerdelivery",
            constraint=models.CheckConstraint(
                condition=models.Q(("firing__isnull", False), ("endpoint__isnull", False), _connector="OR"),
                name="customer_delivery_test_of_an_endpoint",
            ),
        ),
    ]
