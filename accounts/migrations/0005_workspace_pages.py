from pathlib import Path

import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import kernel.clock


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_upgrades"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("catalog", "0011_reach"),
    ]

    operations = [
        migrations.CreateModel(
            name="Note",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.TextField(max_length=4000)),
                ("written_at", models.DateTimeField(default=kernel.clock.now, editable=False)),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.AlterModelOptions(
            name="apikey",
            options={
                "ordering": ["workspace", "name"],
                "permissions": [("rotate_apikey", "Can give a key a new secret, and see it")],
            },
        ),
        migrations.AlterModelOptions(
            name="workspace",
            options={
                "ordering": ["name"],
                "permissions": [("view_as_customer", "Can see a workspace's pages as its owner does")],
            },
        ),
        migrations.AddIndex(
            model_name="apikey",
            index=models.Index(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("prefix"), name="text_pattern_ops"
                ),
                name="key_by_its_first",
            ),
        ),
        migrations.AddIndex(
            model_name="apikey",
            index=models.Index(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("last_four"), name="text_pattern_ops"
                ),
                name="key_by_its_last",
            ),
        ),
        migrations.AddIndex(
            model_name="apikey",
            index=models.Index(
                condition=models.Q(("expires_at__isnull", False), ("revoked_at__isnull", True)),
                fields=["expires_at"],
                name="key_by_its_end",
            ),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("email"), name="text_pattern_ops"
                ),
                name="user_by_its_email",
            ),
        ),
        migrations.AddIndex(
            model_name="workspace",
            index=models.Index(fields=["name"], name="workspace_in_order"),
        ),
        migrations.AddIndex(
            model_name="workspace",
            index=models.Index(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("name"), name="text_pattern_ops"
                ),
                name="workspace_by_its_name",
            ),
        ),
        migrations.AddIndex(
            model_name="workspace",
            index=models.Index(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("slug"), name="text_pattern_ops"
                ),
                name="workspace_by_its_slug",
            ),
        ),
        migrations.AddField(
            model_name="note",
            name="author",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="note",
            name="workspace",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="notes", to="accounts.workspace"
            ),
        ),
        migrations.AddIndex(
            model_name="note",
            index=models.Index(fields=["workspace", "-id"], name="note_of_workspace"),
        ),
        migrations.AddConstraint(
            model_name="note",
            constraint=models.CheckConstraint(
                condition=models.Q(("text", ""), _negated=True), name="note_says_something"
            ),
        ),
        migrations.RunSQL(
            (Path(__file__).parent / "notes_0005.sql").read_text(), reverse_sql=migrations.RunSQL.noop
        ),
    ]
