"""Rules by which operators are told, what was told, and the rules that come with the product."""

from pathlib import Path

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kernel.clock

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("billing", "0021_added"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AlertFiring",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                (
                    "subject",
                    models.CharField(
                        help_text="What it holds of, as the rule's kind names it.", max_length=200
                    ),
                ),
                ("title", models.CharField(max_length=200)),
                ("detail", models.CharField(max_length=400)),
                ("url", models.CharField(max_length=400)),
                (
                    "value",
                    models.DecimalField(
                        decimal_places=2, help_text="What was measured when it began.", max_digits=14
                    ),
                ),
                ("worst", models.DecimalField(decimal_places=2, max_digits=14)),
                ("threshold", models.DecimalField(decimal_places=2, max_digits=12)),
                ("noticed_at", models.DateTimeField()),
                ("began_at", models.DateTimeField(null=True)),
                (
                    "clear_since",
                    models.DateTimeField(
                        help_text="Since when it holds no more, while that may be a pause.", null=True
                    ),
                ),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "billing_alert_firing",
                "ordering": ["-noticed_at"],
            },
        ),
        migrations.CreateModel(
            name="AlertChannel",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=64, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[("mail", "E-mail"), ("webhook", "Webhook")], default="mail", max_length=8
                    ),
                ),
                (
                    "address",
                    models.CharField(blank=True, help_text="With https://, no ? in it.", max_length=300),
                ),
                (
                    "private",
                    models.BooleanField(
                        default=False,
                        help_text="Allows http:// and private addresses.",
                        verbose_name="on our own network",
                    ),
                ),
                ("sealed", models.BinaryField(default=b"")),
                ("active", models.BooleanField(default=True)),
                ("groups", models.ManyToManyField(blank=True, related_name="+", to="auth.group")),
                ("people", models.ManyToManyField(blank=True, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "db_table": "billing_alert_channel",
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="AlertDelivery",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                (
                    "event",
                    models.CharField(
                        choices=[("began", "began"), ("ended", "ended"), ("test", "a test")], max_length=8
                    ),
                ),
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
                    "channel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="billing.alertchannel",
                    ),
                ),
                (
                    "firing",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="billing.alertfiring",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "alert deliveries",
                "db_table": "billing_alert_delivery",
                "ordering": ["-made_at"],
            },
        ),
        migrations.CreateModel(
            name="AlertRule",
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
                            ("audit", "An audit is red"),
                            ("lag", "Charges reach the ledger late"),
                            ("degraded", "Something is away"),
                            ("journal", "Settlements wait on a disk"),
                            ("breaker", "A breaker is open"),
                            ("errors", "An upstream fails"),
                            ("keys", "A key of ours was refused"),
                            ("unpriced", "Models have no price"),
                            ("margin", "The margin of a model is low"),
                            ("spending", "A workspace spends more than usual"),
                            ("refusals", "Many requests are refused"),
                            ("webhooks", "Events of Stripe fail"),
                            ("disputes", "A payment is disputed"),
                            ("payments", "A payment needs a person"),
                        ],
                        max_length=12,
                    ),
                ),
                ("name", models.CharField(max_length=64, unique=True)),
                ("threshold", models.DecimalField(decimal_places=2, max_digits=12)),
                (
                    "minutes",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="It must hold for so long before anybody is told.",
                        verbose_name="for minutes",
                    ),
                ),
                (
                    "quiet_from",
                    models.TimeField(blank=True, help_text="UTC; nothing is sent from here on,", null=True),
                ),
                (
                    "quiet_until",
                    models.TimeField(
                        blank=True, help_text="UTC; and what still holds is sent here.", null=True
                    ),
                ),
                ("active", models.BooleanField(default=True, verbose_name="on")),
                (
                    "channels",
                    models.ManyToManyField(blank=True, related_name="rules", to="billing.alertchannel"),
                ),
            ],
            options={
                "db_table": "billing_alert_rule",
                "ordering": ["pk"],
            },
        ),
        migrations.AddField(
            model_name="alertfiring",
            name="rule",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="firings", to="billing.alertrule"
            ),
        ),
        migrations.AddConstraint(
            model_name="alertchannel",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("address", ""), ("kind", "mail"), ("sealed", b"")),
                    models.Q(
                        ("kind", "webhook"),
                        models.Q(("address", ""), _negated=True),
                        models.Q(("sealed", b""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="alert_channel_has_what_its_kind_needs",
            ),
        ),
        migrations.AddIndex(
            model_name="alertdelivery",
            index=models.Index(fields=["-made_at", "-id"], name="alert_delivery_newest"),
        ),
        migrations.AddIndex(
            model_name="alertdelivery",
            index=models.Index(
                condition=models.Q(("status", "waiting")), fields=["due_at"], name="alert_delivery_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="alertdelivery",
            constraint=models.UniqueConstraint(
                condition=models.Q(("firing__isnull", False)),
                fields=("firing", "channel", "event"),
                name="alert_delivery_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="alertdelivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("event", "test"), ("firing__isnull", True)),
                    models.Q(("firing__isnull", False), models.Q(("event", "test"), _negated=True)),
                    _connector="OR",
                ),
                name="alert_delivery_tells_of_a_firing",
            ),
        ),
        migrations.AddConstraint(
            model_name="alertrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("threshold__gt", 0)),
                name="alert_rule_threshold",
                violation_error_message="More than zero.",
            ),
        ),
        migrations.AddConstraint(
            model_name="alertrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("minutes__lte", 1440)),
                name="alert_rule_minutes",
                violation_error_message="At most a day, 1440 minutes.",
            ),
        ),
        migrations.AddConstraint(
            model_name="alertrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("quiet_from__isnull", True), ("quiet_until__isnull", True)),
                    models.Q(
                        ("quiet_from__isnull", False),
                        ("quiet_until__isnull", False),
                        models.Q(("quiet_from", models.F("quiet_until")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="alert_rule_quiet_hours",
                violation_error_message="Quiet hours have a beginning and another end.",
            ),
        ),
        migrations.AddIndex(
            model_name="alertfiring",
            index=models.Index(fields=["-noticed_at", "-id"], name="alert_firing_newest"),
        ),
        migrations.AddConstraint(
            model_name="alertfiring",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)),
                fields=("rule", "subject"),
                name="alert_firing_open_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="alertfiring",
            constraint=models.CheckConstraint(
                condition=models.Q(("ended_at__isnull", True), ("began_at__isnull", False), _connector="OR"),
                name="alert_firing_ends_what_began",
            ),
        ),
        migrations.RunSQL((HERE / "alerts_0022.sql").read_text()),
    ]
