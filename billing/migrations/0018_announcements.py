"""What operators announce, and the guards that keep it as it was read."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

import kernel.clock

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_trail"),
        ("billing", "0017_desk"),
        ("catalog", "0011_reach"),
    ]

    operations = [
        migrations.CreateModel(
            name="Announcement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "severity",
                    models.CharField(
                        choices=[("news", "News"), ("incident", "Incident"), ("access", "Money or access")],
                        default="incident",
                        max_length=8,
                    ),
                ),
                (
                    "title",
                    models.CharField(
                        help_text="The fact, as a sentence: route/kimi-k2.5 answers slowly.", max_length=120
                    ),
                ),
                (
                    "consequence",
                    models.CharField(
                        blank=True,
                        help_text="What follows for the reader: Prices are unchanged.",
                        max_length=400,
                    ),
                ),
                (
                    "link_text",
                    models.CharField(
                        blank=True, help_text="One or two words: See, Add credit.", max_length=40
                    ),
                ),
                (
                    "link_url",
                    models.CharField(
                        blank=True,
                        help_text="An address with https://, or one of ours from / on.",
                        max_length=300,
                    ),
                ),
                (
                    "audience",
                    models.CharField(
                        choices=[("everyone", "Everyone"), ("plans", "Plans"), ("workspaces", "Workspaces")],
                        default="everyone",
                        max_length=10,
                    ),
                ),
                (
                    "public",
                    models.BooleanField(
                        default=False,
                        help_text="Docs, trust, and who is not signed in.",
                        verbose_name="also on the public pages",
                    ),
                ),
                (
                    "begins_at",
                    models.DateTimeField(default=kernel.clock.now, help_text="UTC.", verbose_name="from"),
                ),
                (
                    "ends_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="UTC; empty: until it is ended.",
                        null=True,
                        verbose_name="until",
                    ),
                ),
                ("drafted_by", models.CharField(editable=False, max_length=254)),
                ("drafted_at", models.DateTimeField(default=kernel.clock.now, editable=False)),
                ("published_by", models.CharField(default="", editable=False, max_length=254)),
                ("published_at", models.DateTimeField(editable=False, null=True)),
                ("ended_by", models.CharField(default="", editable=False, max_length=254)),
                ("ended_at", models.DateTimeField(editable=False, null=True)),
                ("plans", models.ManyToManyField(blank=True, related_name="+", to="catalog.plan")),
                ("workspaces", models.ManyToManyField(blank=True, related_name="+", to="accounts.workspace")),
            ],
            options={
                "ordering": ["-begins_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="AnnouncementUpdate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("investigating", "Investigating"),
                            ("identified", "Identified"),
                            ("watching", "Watching"),
                            ("resolved", "Resolved"),
                        ],
                        max_length=13,
                    ),
                ),
                ("text", models.CharField(max_length=500)),
                ("by", models.CharField(max_length=254)),
                ("made_at", models.DateTimeField(default=kernel.clock.now)),
                (
                    "announcement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="updates",
                        to="billing.announcement",
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.AddIndex(
            model_name="announcement",
            index=models.Index(fields=["-begins_at", "-id"], name="announcement_newest"),
        ),
        migrations.AddConstraint(
            model_name="announcement",
            constraint=models.CheckConstraint(
                condition=models.Q(("public", False), ("audience", "everyone"), _connector="OR"),
                name="announcement_public_is_for_everyone",
                violation_error_message="What is on the public pages is for everyone.",
            ),
        ),
        migrations.AddConstraint(
            model_name="announcement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ends_at__isnull", True), ("ends_at__gt", models.F("begins_at")), _connector="OR"
                ),
                name="announcement_ends_after_it_begins",
                violation_error_message="It must end after it begins.",
            ),
        ),
        migrations.AddConstraint(
            model_name="announcement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("link_text", ""), ("link_url", "")),
                    models.Q(
                        models.Q(("link_url", ""), _negated=True), models.Q(("link_text", ""), _negated=True)
                    ),
                    _connector="OR",
                ),
                name="announcement_link_has_words",
                violation_error_message="A link has both, words and an address.",
            ),
        ),
        migrations.AddConstraint(
            model_name="announcement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("link_url", ""),
                    ("link_url__regex", "^(https://[A-Za-z0-9]|/([^/\\\\\\s]|$))[^\\\\\\s]*$"),
                    _connector="OR",
                ),
                name="announcement_link_leads_somewhere",
                violation_error_message="A link begins with https:// or with one /.",
            ),
        ),
        migrations.AddConstraint(
            model_name="announcement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("published_at__isnull", True), ("published_by", "")),
                    models.Q(("published_at__isnull", False), models.Q(("published_by", ""), _negated=True)),
                    _connector="OR",
                ),
                name="announcement_published_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="announcement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("ended_by", "")),
                    models.Q(
                        ("ended_at__isnull", False),
                        ("published_at__isnull", False),
                        models.Q(("ended_by", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="announcement_ended_by_somebody",
            ),
        ),
        migrations.RunSQL((HERE / "announcements_0018.sql").read_text()),
    ]
