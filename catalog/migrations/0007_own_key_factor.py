"""Calls on a customer's own key cost nothing until an operator raises this factor for a fee of the platform's."""

from datetime import UTC, datetime
from typing import Any

from django.db import migrations


def add(apps: Any, schema_editor: Any) -> None:
    """Add the factor, unless there is one."""
    multipliers = apps.get_model("catalog", "Multiplier").objects
    multipliers.get_or_create(
        scope="byok",
        target="",
        defaults={
            "factor_ppm": 0,
            "valid_from": datetime(2025, 1, 1, tzinfo=UTC),
            "reason": "No charge for calls on a customer's own key; raise it for a platform fee",
        },
    )


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0006_chains"),
    ]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
