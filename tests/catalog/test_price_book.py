"""Tests of the price book in the database: what it takes, what it keeps, and when which version holds."""

from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction

from catalog.models import Model, Multiplier, PriceVersion, Provider, Rate
from catalog.price_book import card_at, factors_on, prices_of
from kernel import clock, ids

NOW = clock.now()
DAY = timedelta(days=1)


def model(**facts: Any) -> Model:
    return Model.objects.create(
        **{
            "public_id": f"route/{ids.request_id()}",
            "name": "Kept",
            "author": "test",
            "tier": "lite",
            "context_length": 100,
            "max_output_tokens": 10,
            "created_at": NOW,
            **facts,
        }
    )


@transaction.atomic
def price(of: Model, micro: int = 1, **facts: Any) -> PriceVersion:
    row = PriceVersion.objects.create(**{"model": of, "valid_from": NOW - DAY, "source": "test", **facts})
    Rate.objects.create(price_version=row, token_class="input", micro_usd_per_million=micro)
    return row


OFFER: dict[str, Any] = {"kind": "promotion", "label": "Offer", "valid_until": NOW + DAY}
NIGHT: dict[str, Any] = {
    "kind": "time_of_day",
    "label": "Night",
    "daily_from": 1320,
    "daily_until": 360,
    "weekdays": 127,
}


@pytest.mark.django_db
def test_every_kind_is_read_as_it_is_written() -> None:
    of, provider = model(), Provider.objects.create(slug="paid", name="Paid")
    standard, offer, night = price(of, 1), price(of, 2, **OFFER), price(of, 3, **NIGHT)
    cost = price(of, 4, provider=provider, **OFFER)
    known = prices_of([of.pk])[of.pk]
    assert {version.card.version_id for version in known[None].versions} == {standard.pk, offer.pk, night.pk}
    (read,) = [version for version in known[None].versions if version.kind == "time_of_day"]
    assert read.window is not None
    assert (read.label, str(read.window)) == ("Night", "22:00 to 06:00 UTC")
    for moment, micro in ((NOW, 2), (NOW + DAY, 1 if 360 <= (NOW.hour * 60 + NOW.minute) < 1320 else 3)):
        found = card_at(of.pk, None, moment)
        assert found is not None
        assert found.rate("input", 0) == micro
    paid = card_at(of.pk, provider.pk, NOW)
    assert paid is not None
    assert paid.version_id == cost.pk
    assert card_at(of.pk, provider.pk, NOW + DAY) is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        ({**OFFER, "valid_until": None}, "price_of_a_promotion_ends"),
        ({**OFFER, "label": ""}, "price_that_is_special_has_a_label"),
        ({**OFFER, "valid_until": NOW - 2 * DAY}, "price_ends_after_it_begins"),
        ({**OFFER, "daily_from": 1, "daily_until": 2, "weekdays": 1}, "price_window_fits_kind"),
        ({"valid_until": NOW + DAY}, "price_is_followed_and_not_ended"),
        ({"kind": "sale", "label": "x"}, "price_kind_known"),
        ({**NIGHT, "weekdays": None}, "price_window_fits_kind"),
        ({**NIGHT, "weekdays": 0}, "price_window_fits_kind"),
        ({**NIGHT, "weekdays": 128}, "price_window_fits_kind"),
        ({**NIGHT, "daily_from": 1440}, "price_window_fits_kind"),
        ({**NIGHT, "daily_until": 1441}, "price_window_fits_kind"),
        ({**NIGHT, "daily_until": 1320}, "price_window_fits_kind"),
        ({**OFFER, "below_cost": True}, "price_below_cost_has_a_reason"),
    ],
)
def test_what_no_price_can_be_is_refused(facts: dict[str, Any], rule: str) -> None:
    of = model()
    with pytest.raises(IntegrityError, match=rule):
        price(of, **facts)


@pytest.mark.django_db
def test_of_a_kind_and_time_of_day_one_begins_at_a_moment_unless_it_was_taken_back() -> None:
    of = model()
    later: dict[str, Any] = {"valid_from": NOW + DAY}
    first = price(of, **later)
    price(of, **later, **{**OFFER, "valid_until": NOW + 2 * DAY})
    price(of, **NIGHT)
    price(of, **{**NIGHT, "daily_from": 600, "daily_until": 720})
    with pytest.raises(IntegrityError, match="price_once_per_moment"):
        price(of, **later)
    PriceVersion.objects.filter(pk=first.pk).update(valid_until=NOW + DAY)
    assert price(of, **later).pk != first.pk


@pytest.mark.usefixtures("committed")
def test_a_version_that_is_made_takes_no_further_rates() -> None:
    made = price(model())
    with pytest.raises(DatabaseError, match="takes no further rates"):
        Rate.objects.create(price_version=made, token_class="output", micro_usd_per_million=1)


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE catalog_rate SET micro_usd_per_million = 0 WHERE price_version_id = %s",
        "DELETE FROM catalog_rate WHERE price_version_id = %s",
        "DELETE FROM catalog_priceversion WHERE id = %s",
        "UPDATE catalog_priceversion SET valid_from = valid_from - interval '1 day' WHERE id = %s",
        "UPDATE catalog_priceversion SET kind = 'time_of_day' WHERE id = %s",
        "UPDATE catalog_priceversion SET sealed_in = NULL WHERE id = %s",
        "UPDATE catalog_priceversion SET label = 'other' WHERE id = %s",
    ],
)
def test_a_version_keeps_what_it_says(statement: str) -> None:
    made = price(model(), **OFFER)
    with connection.cursor() as cursor, pytest.raises(DatabaseError):
        cursor.execute(statement, [made.pk])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("facts", "until", "taken"),
    [
        (OFFER, NOW + timedelta(hours=2), True),
        (OFFER, NOW + 2 * DAY, False),
        (OFFER, NOW - timedelta(hours=2), False),
        (OFFER, None, False),
        ({**OFFER, "valid_until": NOW - timedelta(hours=1)}, NOW - timedelta(minutes=30), False),
        (NIGHT, NOW + DAY, True),
        ({"valid_from": NOW + DAY}, NOW + DAY, True),
        ({}, NOW + DAY, False),
    ],
)
def test_an_end_moves_nearer_and_never_into_the_past(
    facts: dict[str, Any], until: datetime | None, taken: bool
) -> None:
    made = price(model(), **facts)
    rows = PriceVersion.objects.filter(pk=made.pk)
    if taken:
        assert rows.update(valid_until=until) == 1
        return
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.update(valid_until=until)


def factor(since: datetime, until: datetime | None = None, target: str = "kept") -> Multiplier:
    return Multiplier(
        scope="workspace", target=target, factor_ppm=5, valid_from=since, valid_until=until, reason="test"
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("since", "until"),
    [(NOW, None), (NOW - 9 * DAY, None), (NOW + DAY, NOW + 3 * DAY), (NOW - DAY, NOW + timedelta(seconds=1))],
)
def test_two_factors_of_a_scope_and_target_never_hold_at_once(
    since: datetime, until: datetime | None
) -> None:
    factor(NOW, NOW + 2 * DAY).save()
    second = factor(since, until)
    with pytest.raises(ValidationError, match="only one factor of a scope and target holds at a time"):
        second.full_clean()
    with pytest.raises(IntegrityError, match=r"multiplier_o(ne_at_a_time|nce_per_moment)"):
        second.save()


@pytest.mark.django_db
def test_factors_follow_each_other_and_hold_beside_others() -> None:
    factor(NOW, NOW + DAY).save()
    for other in (factor(NOW + DAY), factor(NOW - DAY, NOW), factor(NOW, None, "another")):
        other.full_clean()
        other.save()


@pytest.mark.usefixtures("committed")
def test_two_factors_that_are_written_at_a_time_do_not_both_stay() -> None:
    target = str(ids.request_id())
    factor(NOW, None, target).save()
    with pytest.raises(IntegrityError):
        factor(NOW + DAY, None, target).save()


@pytest.mark.django_db
def test_every_customer_pays_the_factors_of_platform_tier_and_model() -> None:
    Multiplier.objects.all().delete()
    of, other = model(), model(tier="max")
    rows = {
        (scope, target): Multiplier.objects.create(
            scope=scope, target=target, factor_ppm=7, valid_from=NOW, reason="test"
        ).pk
        for scope, target in (
            ("model", of.public_id),
            ("platform", ""),
            ("tier", "lite"),
            ("plan", "lite"),
            ("workspace", "1"),
        )
    }
    found = factors_on([of, other], NOW)
    assert [each.id for each in found[of.pk]] == [
        rows[key] for key in (("platform", ""), ("tier", "lite"), ("model", of.public_id))
    ]
    assert [each.id for each in found[other.pk]] == [rows["platform", ""]]
    assert factors_on([of], NOW - DAY)[of.pk] == ()


BEGAN = datetime(2025, 1, 1, tzinfo=UTC)


def test_overlapping_factors_of_before_are_parted_as_they_held() -> None:
    held = import_module("catalog.migrations.0008_prices")._held
    rows = [
        Multiplier(pk=1, valid_from=BEGAN, valid_until=None),
        Multiplier(pk=2, valid_from=BEGAN + DAY, valid_until=BEGAN + 3 * DAY),
        Multiplier(pk=3, valid_from=BEGAN + 2 * DAY, valid_until=BEGAN + 2 * DAY + timedelta(hours=1)),
    ]
    hour = timedelta(hours=1)
    assert {row.pk: spans for row, spans in held(rows)} == {
        1: [(BEGAN, BEGAN + DAY), (BEGAN + 3 * DAY, None)],
        2: [(BEGAN + DAY, BEGAN + 2 * DAY), (BEGAN + 2 * DAY + hour, BEGAN + 3 * DAY)],
        3: [(BEGAN + 2 * DAY, BEGAN + 2 * DAY + hour)],
    }
