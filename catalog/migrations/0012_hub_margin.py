"""Requests in the hub dialect cost 1.4 times the price until an operator changes this factor."""

from datetime import UTC, datetime
from typing import Any

from django.db import migrations

SCOPE, TARGET = "dialect", "hub"
# What the row says as it is made. A row that says anything else belongs to an operator.
MADE = {
    "factor_ppm": 1_400_000,
    "valid_from": datetime(2025, 1, 1, tzinfo=UTC),
    "valid_until": None,
    "reason": "Margin of the hub dialect, in its prices and its charges alike",
}


def add(apps: Any, schema_editor: Any) -> None:
    """Add the factor, unless there has ever been one."""
    multipliers = apps.get_model("catalog", "Multiplier").objects
    if not multipliers.filter(scope=SCOPE, target=TARGET).exists():
        multipliers.create(scope=SCOPE, target=TARGET, **MADE)


def remove(apps: Any, schema_editor: Any) -> None:
    """Delete the factor where it is as it was made."""
    apps.get_model("catalog", "Multiplier").objects.filter(scope=SCOPE, target=TARGET, **MADE).delete()


class Migration(migrations.Migration):
    dependencies = [("catalog", "0011_reach")]

    operations = [migrations.RunPython(add, remove)]
