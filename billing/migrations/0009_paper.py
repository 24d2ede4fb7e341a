from pathlib import Path

from django.db import migrations, models

import billing.models.paper
import kernel.clock

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    dependencies = [("billing", "0007_subscriptions"), ("billing", "0011_proof")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL((HERE / "paper_0009.sql").read_text())],
            state_operations=[
                migrations.CreateModel(
                    name="Paper",
                    fields=[
                        ("id", models.UUIDField(primary_key=True, serialize=False)),
                        ("workspace_id", models.BigIntegerField()),
                        (
                            "kind",
                            models.TextField(
                                choices=[
                                    ("receipt", "Receipt"),
                                    ("credit_note", "Credit note"),
                                    ("statement", "Usage statement"),
                                ]
                            ),
                        ),
                        ("series", models.TextField(null=True)),
                        (
                            "number",
                            models.BigIntegerField(help_text="Gap-free within its series.", null=True),
                        ),
                        (
                            "transaction_id",
                            models.UUIDField(help_text="The movement that it documents.", null=True),
                        ),
                        ("period_start", models.DateField(null=True)),
                        (
                            "period_end",
                            models.DateField(help_text="The last UTC day of the month it states.", null=True),
                        ),
                        ("currency", models.TextField(default="USD")),
                        ("total_nano", models.BigIntegerField()),
                        ("total_cents", models.BigIntegerField()),
                        (
                            "ledger_seq",
                            models.BigIntegerField(
                                help_text="The last ledger entry a statement looked at.", null=True
                            ),
                        ),
                        (
                            "next_seq",
                            models.BigIntegerField(
                                help_text="All entries below it are on a statement.", null=True
                            ),
                        ),
                        (
                            "charge_no",
                            models.BigIntegerField(
                                help_text="The last charge number a statement looked at.", null=True
                            ),
                        ),
                        ("closing", models.BigIntegerField(null=True)),
                        (
                            "remainder",
                            models.BigIntegerField(
                                help_text="Usage below a cent, carried to the next statement.", null=True
                            ),
                        ),
                        ("content", models.TextField(help_text="Everything it says, as JSON.")),
                        ("digest", models.BinaryField(help_text="SHA-256 of the content.")),
                        ("foreign_number", models.TextField(default="")),
                        ("foreign_url", models.TextField(default="")),
                        ("issued_at", models.DateTimeField()),
                    ],
                    options={
                        "db_table": "billing_paper",
                    },
                ),
            ],
        ),
        migrations.CreateModel(
            name="BillingDetails",
            fields=[
                ("legal_name", models.CharField(max_length=200)),
                ("line1", models.CharField(blank=True, max_length=200, verbose_name="address")),
                ("line2", models.CharField(blank=True, max_length=200, verbose_name="address, second line")),
                ("city", models.CharField(blank=True, max_length=100)),
                ("region", models.CharField(blank=True, max_length=100, verbose_name="state or region")),
                ("postal_code", models.CharField(blank=True, max_length=20)),
                ("country", models.CharField(blank=True, help_text="Two letters of ISO 3166.", max_length=2)),
                ("tax_id", models.CharField(blank=True, max_length=40, verbose_name="tax id")),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="e-mail for papers")),
                ("changed_at", models.DateTimeField(default=kernel.clock.now, editable=False)),
                ("workspace_id", models.BigIntegerField(primary_key=True, serialize=False)),
                (
                    "reference",
                    models.CharField(
                        blank=True,
                        help_text="A purchase order or cost centre, printed as it is.",
                        max_length=100,
                        verbose_name="your reference",
                    ),
                ),
                ("changed_by", models.CharField(blank=True, editable=False, max_length=254)),
            ],
            options={
                "verbose_name_plural": "billing details",
                "db_table": "billing_details",
            },
        ),
        migrations.CreateModel(
            name="PaperIssuer",
            fields=[
                ("legal_name", models.CharField(max_length=200)),
                ("line1", models.CharField(blank=True, max_length=200, verbose_name="address")),
                ("line2", models.CharField(blank=True, max_length=200, verbose_name="address, second line")),
                ("city", models.CharField(blank=True, max_length=100)),
                ("region", models.CharField(blank=True, max_length=100, verbose_name="state or region")),
                ("postal_code", models.CharField(blank=True, max_length=20)),
                ("country", models.CharField(blank=True, help_text="Two letters of ISO 3166.", max_length=2)),
                ("tax_id", models.CharField(blank=True, max_length=40, verbose_name="tax id")),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="e-mail for papers")),
                ("changed_at", models.DateTimeField(default=kernel.clock.now, editable=False)),
                (
                    "id",
                    models.SmallIntegerField(default=1, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "note",
                    models.TextField(
                        blank=True,
                        help_text="Printed at the end of each paper: what your tax law wants said, a register number.",
                        max_length=600,
                        validators=[billing.models.paper.one_line_each],
                    ),
                ),
            ],
            options={
                "verbose_name": "issuer of papers",
                "verbose_name_plural": "issuer of papers",
                "db_table": "billing_paper_issuer",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="paper_issuer_is_one")
                ],
            },
        ),
    ]
