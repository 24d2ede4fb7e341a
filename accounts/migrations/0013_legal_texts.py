"""Terms and privacy, as operators wrote them, version by version."""

from pathlib import Path

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kernel.clock


class Migration(migrations.Migration):
    dependencies = [("accounts", "0012_hub_sessions"), ("catalog", "0011_reach")]

    operations = [
        migrations.CreateModel(
            name="LegalText",
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
                        choices=[("terms", "Terms"), ("privacy", "Privacy")],
                        max_length=8,
                        verbose_name="what",
                    ),
                ),
                (
                    "text",
                    models.TextField(
                        help_text="Markdown that begins with a title: # Terms. HTML is shown as it is written, and does nothing.",
                        max_length=100000,
                    ),
                ),
                ("written_at", models.DateTimeField(default=kernel.clock.now, editable=False)),
                (
                    "written_by",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
                "indexes": [models.Index(fields=["kind", "-id"], name="legal_text_newest")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("text", ""), _negated=True), name="legal_text_says_something"
                    )
                ],
            },
        ),
        migrations.RunSQL(
            (Path(__file__).parent / "legal_0013.sql").read_text(), reverse_sql=migrations.RunSQL.noop
        ),
    ]
