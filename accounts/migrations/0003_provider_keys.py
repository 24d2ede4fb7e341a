import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kernel.clock


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_sign_ins_and_rotation"),
        ("catalog", "0005_endpoint_keys"),
    ]

    operations = [
        migrations.CreateModel(
            name="ProviderKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sealed", models.BinaryField()),
                (
                    "hint",
                    models.CharField(
                        blank=True, editable=False, help_text="Last four characters.", max_length=16
                    ),
                ),
                ("active", models.BooleanField(default=True, editable=False)),
                ("created_at", models.DateTimeField(default=kernel.clock.now, editable=False)),
                (
                    "created_by",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "provider",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalog.provider"
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="provider_keys",
                        to="accounts.workspace",
                    ),
                ),
            ],
            options={
                "ordering": ["workspace", "provider__slug", "-pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("active", True)),
                        fields=("workspace", "provider"),
                        name="provider_key_one_in_use_per_workspace",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("active", True), models.Q(("sealed", b""), _negated=True)),
                            models.Q(("active", False), ("sealed", b"")),
                            _connector="OR",
                        ),
                        name="provider_key_is_kept_while_in_use",
                    ),
                ],
            },
        ),
    ]
