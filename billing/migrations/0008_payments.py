import uuid
from pathlib import Path

from django.db import migrations, models

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    dependencies = [("billing", "0010_vouchers")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL((HERE / "payments_0008.sql").read_text())],
            state_operations=[
                migrations.CreateModel(
                    name="StripeCustomer",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                        ("workspace_id", models.BigIntegerField()),
                        ("livemode", models.BooleanField()),
                        (
                            "customer_id",
                            models.TextField(help_text="cus_…; empty until Stripe has named it.", null=True),
                        ),
                    ],
                    options={
                        "db_table": "billing_stripe_customer",
                    },
                ),
                migrations.CreateModel(
                    name="TopUp",
                    fields=[
                        ("id", models.UUIDField(primary_key=True, serialize=False)),
                        ("workspace_id", models.BigIntegerField()),
                        (
                            "source",
                            models.TextField(choices=[("checkout", "Checkout"), ("recharge", "Recharge")]),
                        ),
                        ("amount_cents", models.BigIntegerField()),
                        ("currency", models.TextField(default="usd")),
                        ("livemode", models.BooleanField()),
                        ("customer_id", models.TextField()),
                        (
                            "status",
                            models.TextField(
                                choices=[
                                    ("new", "not at Stripe yet"),
                                    ("open", "waiting for the payment"),
                                    ("paid", "Paid"),
                                    ("failed", "Failed"),
                                    ("expired", "not paid in time"),
                                ],
                                default="new",
                            ),
                        ),
                        ("session_id", models.TextField(null=True)),
                        ("payment_intent", models.TextField(null=True)),
                        (
                            "payment_method",
                            models.TextField(default="", help_text="The saved card, for auto-recharge."),
                        ),
                        (
                            "transaction_id",
                            models.UUIDField(help_text="The movement that credited it.", null=True),
                        ),
                        ("refunded_cents", models.BigIntegerField(default=0)),
                        (
                            "refund_no",
                            models.IntegerField(default=0, help_text="Movements of refunds so far."),
                        ),
                        ("failure", models.TextField(default="")),
                        ("created_by", models.BigIntegerField(null=True)),
                        ("created_at", models.DateTimeField()),
                        ("paid_at", models.DateTimeField(null=True)),
                    ],
                    options={
                        "verbose_name": "top-up",
                        "db_table": "billing_topup",
                    },
                ),
                migrations.CreateModel(
                    name="Dispute",
                    fields=[
                        ("id", models.UUIDField(primary_key=True, serialize=False)),
                        ("dispute_id", models.TextField()),
                        ("workspace_id", models.BigIntegerField()),
                        ("topup_id", models.UUIDField()),
                        ("amount_cents", models.BigIntegerField()),
                        ("taken_cents", models.BigIntegerField(default=0)),
                        (
                            "movement_no",
                            models.IntegerField(default=0, help_text="Movements of this dispute so far."),
                        ),
                        ("reason", models.TextField()),
                        ("status", models.TextField()),
                        ("answer_by", models.DateTimeField(null=True)),
                        ("opened_at", models.DateTimeField()),
                    ],
                    options={
                        "db_table": "billing_dispute",
                    },
                ),
                migrations.CreateModel(
                    name="RefundRequest",
                    fields=[
                        ("id", models.UUIDField(primary_key=True, serialize=False)),
                        ("workspace_id", models.BigIntegerField()),
                        ("topup_id", models.UUIDField()),
                        ("amount_cents", models.BigIntegerField()),
                        ("reason", models.TextField()),
                        ("by_two", models.BooleanField(help_text="Somebody else must approve it.")),
                        (
                            "status",
                            models.TextField(
                                choices=[
                                    ("asked", "waits for a second person"),
                                    ("sent", "asked of Stripe"),
                                    ("done", "Done"),
                                    ("failed", "Failed"),
                                    ("declined", "Declined"),
                                ],
                                default="asked",
                            ),
                        ),
                        ("asked_by", models.TextField()),
                        ("asked_at", models.DateTimeField()),
                        ("decided_by", models.TextField(null=True)),
                        ("decided_at", models.DateTimeField(null=True)),
                        ("refund_id", models.TextField(help_text="re_…", null=True)),
                        ("failure", models.TextField(default="")),
                    ],
                    options={
                        "db_table": "billing_refund_request",
                    },
                ),
                migrations.CreateModel(
                    name="Recharge",
                    fields=[
                        ("workspace_id", models.BigIntegerField(primary_key=True, serialize=False)),
                        ("enabled", models.BooleanField(default=False)),
                        ("threshold_cents", models.BigIntegerField(default=0)),
                        ("amount_cents", models.BigIntegerField(default=0)),
                        ("monthly_ceiling_cents", models.BigIntegerField(default=0)),
                        ("customer_id", models.TextField(default="")),
                        ("livemode", models.BooleanField(default=False)),
                        (
                            "payment_method",
                            models.TextField(
                                default="", help_text="pm_…; no number and no fingerprint is kept."
                            ),
                        ),
                        (
                            "card",
                            models.TextField(default="", help_text="As it is shown: brand and last four."),
                        ),
                        ("card_saved_at", models.DateTimeField(null=True)),
                        ("failures", models.SmallIntegerField(default=0, help_text="In a row.")),
                        ("next_try_at", models.DateTimeField(null=True)),
                        (
                            "off_because",
                            models.TextField(
                                blank=True,
                                choices=[
                                    ("person", "turned off"),
                                    ("declined", "the card was declined four times"),
                                    ("authentication", "the bank wants the cardholder to confirm"),
                                    ("card", "the saved card can no longer be charged"),
                                ],
                                default="",
                            ),
                        ),
                        ("changed_at", models.DateTimeField()),
                        ("changed_by", models.BigIntegerField(null=True)),
                    ],
                    options={
                        "db_table": "billing_recharge",
                    },
                ),
                migrations.CreateModel(
                    name="StripeEvent",
                    fields=[
                        ("event_id", models.TextField(primary_key=True, serialize=False)),
                        ("type", models.TextField()),
                        ("livemode", models.BooleanField()),
                        ("payload_sha256", models.BinaryField()),
                        (
                            "outcome",
                            models.TextField(
                                choices=[
                                    ("credited", "Credited"),
                                    ("moved", "money moved"),
                                    ("noted", "noted, no money moved"),
                                    ("early", "came before its payment"),
                                    ("refused", "does not fit, alert made"),
                                    ("passed", "given to the subscriptions"),
                                    ("ignored", "nothing of ours"),
                                ],
                                null=True,
                            ),
                        ),
                        ("workspace_id", models.BigIntegerField(null=True)),
                        ("note", models.TextField(default="")),
                        ("created_at", models.DateTimeField(help_text="When Stripe made it.")),
                        ("received_at", models.DateTimeField()),
                    ],
                    options={
                        "db_table": "billing_stripe_event",
                    },
                ),
                migrations.CreateModel(
                    name="PaymentAlert",
                    fields=[
                        ("id", models.UUIDField(primary_key=True, serialize=False)),
                        (
                            "kind",
                            models.TextField(
                                choices=[
                                    ("misfit", "an event does not fit what was asked for"),
                                    ("dispute", "a payment is disputed"),
                                    ("recharge", "auto-recharge needs a look"),
                                    ("refund", "a refund failed"),
                                ]
                            ),
                        ),
                        ("workspace_id", models.BigIntegerField(null=True)),
                        ("event_id", models.TextField(default="")),
                        ("message", models.TextField()),
                        ("created_at", models.DateTimeField()),
                        ("resolved_at", models.DateTimeField(null=True)),
                        ("resolved_by", models.TextField(default="")),
                        ("resolution", models.TextField(default="")),
                    ],
                    options={
                        "db_table": "billing_payment_alert",
                    },
                ),
            ],
        )
    ]
