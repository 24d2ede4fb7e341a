"""Comparisons with what others list, the models they listed, and the proposals that came of it."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

import kernel.clock


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0008_prices"),
    ]

    operations = [
        migrations.CreateModel(
            name="Comparison",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[("genai", "genai-prices"), ("upstream", "the provider's own list")],
                        max_length=16,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("asked", "Asked"),
                            ("running", "under way"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                        ],
                        default="asked",
                        max_length=8,
                    ),
                ),
                (
                    "asked_by",
                    models.CharField(
                        help_text="Who asked for it: a person, the clock, or the command.", max_length=254
                    ),
                ),
                ("asked_at", models.DateTimeField(default=kernel.clock.now)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("listed", models.PositiveIntegerField(default=0, help_text="Models on the list.")),
                ("raised", models.PositiveIntegerField(default=0, help_text="Proposals that were made.")),
                (
                    "withdrawn",
                    models.PositiveIntegerField(default=0, help_text="Proposals that no longer held."),
                ),
                (
                    "refused",
                    models.JSONField(
                        default=list, help_text="Models of ours whose cost cannot be carried, and why."
                    ),
                ),
                ("notes", models.TextField(blank=True)),
                (
                    "provider",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="comparisons",
                        to="catalog.provider",
                    ),
                ),
            ],
            options={
                "ordering": ["-asked_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="ListedModel",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[("genai", "genai-prices"), ("upstream", "the provider's own list")],
                        max_length=16,
                    ),
                ),
                ("upstream_model", models.CharField(max_length=128)),
                ("first_seen_at", models.DateTimeField()),
                ("last_seen_at", models.DateTimeField()),
                ("gone_at", models.DateTimeField(blank=True, null=True)),
                (
                    "provider",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="listed_models",
                        to="catalog.provider",
                    ),
                ),
            ],
            options={
                "verbose_name": "listed model",
                "ordering": ["provider", "upstream_model"],
            },
        ),
        migrations.CreateModel(
            name="Proposal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[("genai", "genai-prices"), ("upstream", "the provider's own list")],
                        max_length=16,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("new", "new model"),
                            ("gone", "model gone"),
                            ("cost", "cost"),
                            ("unpriced", "class without a sell price"),
                            ("context", "context length"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "upstream_model",
                    models.CharField(help_text="What the model is called there.", max_length=128),
                ),
                ("before", models.JSONField(default=dict, help_text="As the catalogue has it.")),
                ("after", models.JSONField(default=dict, help_text="As it would be.")),
                ("evidence", models.JSONField(default=dict)),
                ("figure", models.CharField(max_length=64)),
                (
                    "move_ppm",
                    models.BigIntegerField(
                        blank=True,
                        help_text="The greatest move in millionths; empty from nothing, and from or to zero.",
                        null=True,
                    ),
                ),
                (
                    "needs_two",
                    models.BooleanField(default=False, help_text="Takes the approval of two people."),
                ),
                ("raised_at", models.DateTimeField(default=kernel.clock.now)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("approved", "Approved"),
                            ("rejected", "Rejected"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="open",
                        max_length=16,
                    ),
                ),
                (
                    "sell_too",
                    models.BooleanField(
                        default=False,
                        help_text="The sell price follows, so that the margin stays; as the first person said.",
                    ),
                ),
                (
                    "first_by",
                    models.BigIntegerField(
                        blank=True, help_text="The first of two people, by id.", null=True
                    ),
                ),
                ("first_at", models.DateTimeField(blank=True, null=True)),
                ("first_reason", models.CharField(blank=True, max_length=200)),
                ("decided_by", models.BigIntegerField(blank=True, null=True)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("reason", models.CharField(blank=True, max_length=300)),
                (
                    "moved_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When the source ceased to say this; until then it is not proposed again.",
                        null=True,
                    ),
                ),
                (
                    "cost_before",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalog.priceversion",
                    ),
                ),
                (
                    "cost_version",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="from_cost_proposal",
                        to="catalog.priceversion",
                    ),
                ),
                (
                    "drafted",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="catalog.chain",
                    ),
                ),
                (
                    "model",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="proposals",
                        to="catalog.model",
                    ),
                ),
                (
                    "provider",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="proposals",
                        to="catalog.provider",
                    ),
                ),
                (
                    "raised_in",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="catalog.comparison",
                    ),
                ),
                (
                    "sell_before",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalog.priceversion",
                    ),
                ),
                (
                    "sell_version",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="from_sell_proposal",
                        to="catalog.priceversion",
                    ),
                ),
            ],
            options={
                "ordering": ["-raised_at", "-pk"],
            },
        ),
        migrations.AddIndex(
            model_name="comparison",
            index=models.Index(
                condition=models.Q(("state__in", ["asked", "running"])),
                fields=["asked_at"],
                name="comparison_waiting",
            ),
        ),
        migrations.AddConstraint(
            model_name="comparison",
            constraint=models.CheckConstraint(
                condition=models.Q(("source__in", ["genai", "upstream"])), name="comparison_source_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="comparison",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("started_at__isnull", True), ("state", "asked")),
                    models.Q(("ended_at__isnull", True), ("started_at__isnull", False), ("state", "running")),
                    models.Q(
                        ("ended_at__isnull", False),
                        ("started_at__isnull", False),
                        ("state__in", ["done", "failed"]),
                    ),
                    _connector="OR",
                ),
                name="comparison_state_is_dated",
            ),
        ),
        migrations.AddConstraint(
            model_name="listedmodel",
            constraint=models.UniqueConstraint(
                fields=("provider", "source", "upstream_model"), name="listed_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="listedmodel",
            constraint=models.CheckConstraint(
                condition=models.Q(("source__in", ["genai", "upstream"])), name="listed_source_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "open")),
                fields=("provider", "source", "kind", "upstream_model", "model"),
                name="proposal_open_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.CheckConstraint(
                condition=models.Q(("source__in", ["genai", "upstream"])), name="proposal_source_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["new", "gone", "cost", "unpriced", "context"])),
                name="proposal_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("decided_at__isnull", True),
                        ("decided_by__isnull", True),
                        ("reason", ""),
                        ("status", "open"),
                    ),
                    models.Q(
                        ("decided_at__isnull", False),
                        ("decided_by__isnull", True),
                        ("status", "withdrawn"),
                        models.Q(("reason", ""), _negated=True),
                    ),
                    models.Q(
                        ("decided_at__isnull", False),
                        ("decided_by__isnull", False),
                        ("status__in", ["approved", "rejected"]),
                        models.Q(("reason", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="proposal_status_is_explained",
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("first_at__isnull", True), ("first_by__isnull", True), ("first_reason", "")),
                    models.Q(
                        ("first_at__isnull", False),
                        ("first_by__isnull", False),
                        models.Q(("first_reason", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="proposal_first_approval_is_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("needs_two", True), ("status", "approved"), _negated=True),
                    models.Q(
                        ("decided_by__isnull", False),
                        ("first_by__isnull", False),
                        models.Q(("decided_by", models.F("first_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="proposal_two_people_differ",
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "cost"), ("status", "approved"), _negated=True),
                    ("cost_version__isnull", False),
                    _connector="OR",
                ),
                name="proposal_cost_makes_a_price",
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "unpriced"), ("status", "approved"), _negated=True),
                    ("sell_version__isnull", False),
                    _connector="OR",
                ),
                name="proposal_unpriced_makes_a_price",
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status", "approved"),
                    models.Q(
                        ("cost_version__isnull", True),
                        ("drafted__isnull", True),
                        ("sell_version__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="proposal_does_nothing_unapproved",
            ),
        ),
        migrations.RunSQL(
            (Path(__file__).parent / "guards_0009.sql").read_text(), reverse_sql=migrations.RunSQL.noop
        ),
    ]
