"""Promotions and times of day among the prices; sealed price versions; one factor of a scope and target at a time."""

from collections import defaultdict
from pathlib import Path
from typing import Any

from django.db import migrations, models


def part_factors(apps: Any, schema_editor: Any) -> None:
    """End factors where a later one of their scope and target begins, and begin them again where that ends.

    That is how they were taken while they could overlap: the one that began last held.
    """
    rows = apps.get_model("catalog", "Multiplier").objects
    groups = defaultdict(list)
    for row in rows.order_by("valid_from", "pk"):
        groups[row.scope, row.target].append(row)
    for group in groups.values():
        for row, spans in _held(group):
            if spans:
                (row.valid_from, row.valid_until), *again = spans
                row.save(update_fields=["valid_from", "valid_until"])
                for begins, ends in again:
                    row.pk, row.valid_from, row.valid_until = None, begins, ends
                    row.save(force_insert=True)
            else:
                row.delete()


def _held(group: list[Any]) -> list[tuple[Any, list[tuple[Any, Any]]]]:
    """Return when each of some factors held."""
    borders = sorted({row.valid_from for row in group} | {row.valid_until for row in group} - {None})
    spans: dict[int, list[tuple[Any, Any]]] = {row.pk: [] for row in group}
    for begins, ends in zip(borders, [*borders[1:], None], strict=True):
        alive = [
            row
            for row in group
            if row.valid_from <= begins and (row.valid_until is None or begins < row.valid_until)
        ]
        if not alive:
            continue
        held = spans[alive[-1].pk]
        if held and held[-1][1] == begins:
            held[-1] = (held[-1][0], ends)
        else:
            held.append((begins, ends))
    return [(row, spans[row.pk]) for row in group]


class Migration(migrations.Migration):
    dependencies = [("catalog", "0010_plans")]

    operations = [
        migrations.RemoveConstraint(
            model_name="priceversion",
            name="price_once_per_moment",
        ),
        migrations.AddField(
            model_name="priceversion",
            name="below_cost",
            field=models.BooleanField(
                default=False, help_text="Meant to sell below what a provider charges us."
            ),
        ),
        migrations.AddField(
            model_name="priceversion",
            name="daily_from",
            field=models.PositiveSmallIntegerField(
                blank=True, help_text="Minute of the UTC day, for a time of day.", null=True
            ),
        ),
        migrations.AddField(
            model_name="priceversion",
            name="daily_until",
            field=models.PositiveSmallIntegerField(
                blank=True, help_text="Before its beginning: it runs past midnight.", null=True
            ),
        ),
        migrations.AddField(
            model_name="priceversion",
            name="kind",
            field=models.CharField(
                choices=[
                    ("standard", "Standard"),
                    ("promotion", "Promotion"),
                    ("time_of_day", "time of day"),
                ],
                default="standard",
                help_text="A promotion goes before a time of day, and that before the standard price.",
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="priceversion",
            name="label",
            field=models.CharField(
                blank=True,
                help_text="What customers read, such as Night rate or Launch offer.",
                max_length=40,
            ),
        ),
        migrations.AddField(
            model_name="priceversion",
            name="reason",
            field=models.CharField(blank=True, help_text="Why it is sold below cost.", max_length=200),
        ),
        migrations.AddField(
            model_name="priceversion",
            name="sealed_in",
            field=models.BigIntegerField(
                blank=True,
                editable=False,
                help_text="The transaction that made it; a trigger writes it, and takes rates in that one only.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="priceversion",
            name="valid_until",
            field=models.DateTimeField(
                blank=True,
                help_text="The first moment at which it is over; a promotion must have one.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="priceversion",
            name="weekdays",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="Days on which the time of day begins: 1 is Monday, 2 Tuesday, 4 Wednesday.",
                null=True,
            ),
        ),
        migrations.AddConstraint(
            model_name="priceversion",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("valid_until__isnull", True),
                    ("valid_until__gt", models.F("valid_from")),
                    _connector="OR",
                ),
                fields=("model", "provider", "kind", "valid_from", "daily_from", "daily_until", "weekdays"),
                name="price_once_per_moment",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="priceversion",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["standard", "promotion", "time_of_day"])),
                name="price_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="priceversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_until__isnull", True),
                    ("valid_until__gte", models.F("valid_from")),
                    _connector="OR",
                ),
                name="price_ends_after_it_begins",
            ),
        ),
        migrations.AddConstraint(
            model_name="priceversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "promotion"), _negated=True),
                    ("valid_until__isnull", False),
                    _connector="OR",
                ),
                name="price_of_a_promotion_ends",
            ),
        ),
        migrations.AddConstraint(
            model_name="priceversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "standard"), _negated=True),
                    ("valid_until__isnull", True),
                    ("valid_until", models.F("valid_from")),
                    _connector="OR",
                ),
                name="price_is_followed_and_not_ended",
            ),
        ),
        migrations.AddConstraint(
            model_name="priceversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("daily_from__isnull", False),
                        ("daily_from__lt", 1440),
                        ("daily_until__gt", 0),
                        ("daily_until__isnull", False),
                        ("daily_until__lte", 1440),
                        ("kind", "time_of_day"),
                        ("weekdays__gt", 0),
                        ("weekdays__isnull", False),
                        ("weekdays__lte", 127),
                        models.Q(("daily_from", models.F("daily_until")), _negated=True),
                    ),
                    models.Q(
                        models.Q(("kind", "time_of_day"), _negated=True),
                        ("daily_from__isnull", True),
                        ("daily_until__isnull", True),
                        ("weekdays__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="price_window_fits_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="priceversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind", "standard"), models.Q(("label", ""), _negated=True), _connector="OR"
                ),
                name="price_that_is_special_has_a_label",
            ),
        ),
        migrations.AddConstraint(
            model_name="priceversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("below_cost", False), models.Q(("reason", ""), _negated=True), _connector="OR"
                ),
                name="price_below_cost_has_a_reason",
            ),
        ),
        migrations.RunPython(part_factors, migrations.RunPython.noop),
        migrations.RunSQL(
            (Path(__file__).parent / "guards_0008.sql").read_text(), reverse_sql=migrations.RunSQL.noop
        ),
    ]
