"""Tests of catalog.declared.prices and of terms: what charges name is never changed, only followed by what is new."""

from datetime import timedelta

import pytest

from catalog.declared import applying, exporting, reading
from catalog.models import Multiplier, Plan, PlanVersion, PriceVersion
from kernel import clock

from .shop import KEYS, SHOP, apply, changed, refused, sell_prices

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> None:
    apply(SHOP)


@pytest.mark.usefixtures("shop")
def test_a_changed_price_is_a_new_version_from_now() -> None:
    (old,) = sell_prices()
    text = changed("input: 0.5", "input: 0.6")
    before = clock.now()
    assert apply(text) == ["+ models.route/shop.sell[0]: input 0.5 → 0.6, from now"]
    first, second = sell_prices()
    assert first == old
    assert abs(second.valid_from - before) < timedelta(minutes=1)
    assert apply(text) == []


@pytest.mark.usefixtures("shop")
def test_a_price_that_is_taken_back_is_a_third_version() -> None:
    apply(changed("input: 0.5", "input: 0.6"))
    assert apply(SHOP) == ["+ models.route/shop.sell[0]: input 0.6 → 0.5, from now"]
    assert len(sell_prices()) == 3


@pytest.mark.usefixtures("shop")
def test_a_price_ahead_is_announced_and_does_not_change_any_more() -> None:
    ahead = "      - rates: {input: 0.5, output: 2, input>500: 1}\n"
    text = changed(ahead, ahead + "      - {valid_from: 2999-01-01, rates: {input: 2, output: 9}}\n")
    assert apply(text) == ["+ models.route/shop.sell[1]: input 2, output 9, from 2999-01-01T00:00:00Z"]
    assert apply(text) == []
    assert apply(SHOP) == []  # what is not named stays, what is announced too
    told = refused(changed("output: 9", "output: 8", text))
    assert "models.route/shop.sell[1]: is announced with other rates" in told
    assert exporting.export().count("2999-01-01") == 1


@pytest.mark.usefixtures("shop")
def test_the_past_of_a_price_is_not_written() -> None:
    standing = "      - rates: {input: 0.5, output: 2, input>500: 1}\n"
    old = "      - {valid_from: 2020-01-01, rates: {input: 2, output: 7}}\n"
    outcome = applying.apply(reading.read(changed(standing, old + standing)), KEYS)
    assert (outcome.changes, len(sell_prices())) == ((), 1)
    assert "sell[0]: is past and was never in force here" in outcome.notes[0]
    outcome = applying.apply(reading.read(changed(standing, old)), KEYS)
    assert "begins now" in outcome.notes[0]
    assert len(sell_prices()) == 2
    assert sell_prices()[1].valid_from.year > 2020


@pytest.mark.usefixtures("shop")
def test_a_changed_factor_ends_the_one_before() -> None:
    (old,) = Multiplier.objects.filter(target="route/shop")
    text = changed("factor: '1.4'", "factor: '1.5'")
    assert apply(text) == [
        "~ multipliers[0]: 1.4 ends now",
        "+ multipliers[0]: model route/shop × 1.5 from now",
    ]
    first, second = Multiplier.objects.filter(target="route/shop").order_by("valid_from")
    assert (first.pk, first.valid_until, first.factor_ppm) == (old.pk, second.valid_from, 1_400_000)
    assert apply(text) == []


@pytest.mark.usefixtures("shop")
def test_a_factor_is_ended_by_its_last_moment() -> None:
    text = changed("reason: margin}", "reason: margin, valid_until: 2999-01-01}")
    assert apply(text) == ["~ multipliers[0]: until 2999-01-01T00:00:00Z, margin"]
    assert apply(text) == []


@pytest.mark.usefixtures("shop")
def test_factors_that_hold_at_once_are_refused() -> None:
    one = "  - {scope: model, target: route/shop, factor: '1.4', reason: margin}\n"
    sale = "  - {scope: model, target: route/shop, factor: '0.5', valid_from: 2998-01-01, valid_until: 2999-01-01, reason: sale}\n"
    told = refused(changed(one, one + sale))
    assert "multipliers[0]: still holds when multipliers[1] begins: say with valid_until when it ends" in told
    again = "  - {scope: model, target: route/shop, factor: '1.4', valid_from: 2999-01-01, reason: margin}\n"
    ends = changed("reason: margin}", "reason: margin, valid_until: 2998-01-01}", one)
    text = changed(one, ends + sale + again)
    assert apply(text) == [
        "~ multipliers[0]: until 2998-01-01T00:00:00Z, margin",
        "+ multipliers[1]: model route/shop × 0.5 from 2998-01-01T00:00:00Z",
        "+ multipliers[2]: model route/shop × 1.4 from 2999-01-01T00:00:00Z",
    ]
    assert apply(text) == []
    assert apply(exporting.export()) == []


@pytest.mark.usefixtures("shop")
def test_a_factor_that_is_over_is_left_out() -> None:
    one = "  - {scope: model, target: route/shop, factor: '1.4', reason: margin}\n"
    over = "  - {scope: model, target: route/shop, factor: '9', valid_from: 2019-01-01, valid_until: 2020-01-01, reason: old}\n"
    outcome = applying.apply(reading.read(changed(one, over + one)), KEYS)
    assert outcome.changes == ()
    assert "multipliers[0]: is over; it is left out" in outcome.notes[0]


RATES = "rates: {input: 0.4, output: 2, input>500: 1}"
NIGHT = f"      - {{kind: time_of_day, label: Night rate, daily: {{from: '22:00', until: '06:00', weekdays: [fri, sat]}}, {RATES}}}\n"
OFFER = f"      - {{kind: promotion, label: Launch offer, valid_from: 2998-01-01, valid_until: 2999-01-01, {RATES}}}\n"


def with_special(*lines: str) -> str:
    standing = "      - rates: {input: 0.5, output: 2, input>500: 1}\n"
    return changed(standing, standing + "".join(lines))


@pytest.mark.usefixtures("shop")
def test_promotions_and_times_of_day_round_trip() -> None:
    text = with_special(NIGHT, OFFER)
    assert apply(text) == [
        "+ models.route/shop.sell[1]: Night rate: input 0.4, input>500 1, output 2, from now",
        "+ models.route/shop.sell[2]: Launch offer: input 0.4, input>500 1, output 2, from 2998-01-01T00:00:00Z",
    ]
    assert apply(text) == []
    night = PriceVersion.objects.get(label="Night rate")
    assert (night.daily_from, night.daily_until, night.weekdays) == (1320, 360, 0b0110000)
    told = exporting.export()
    for part in ("from: '22:00'", "until: 06:00", "weekdays: [fri, sat]", "label: Launch offer"):
        assert part in told
    assert apply(told) == []


@pytest.mark.usefixtures("shop")
def test_a_changed_time_of_day_is_ended_and_followed() -> None:
    apply(with_special(NIGHT))
    old = PriceVersion.objects.get(label="Night rate")
    assert apply(with_special(changed("input: 0.4", "input: 0.3", NIGHT))) == [
        "~ models.route/shop.sell[1]: Night rate ends now",
        "+ models.route/shop.sell[1]: Night rate: input 0.3, input>500 1, output 2, from now",
    ]
    new = PriceVersion.objects.filter(label="Night rate").latest("valid_from")
    old.refresh_from_db()
    assert old.valid_until == new.valid_from
    cheaper = changed("input: 0.4", "input: 0.3", NIGHT)
    ending = changed("Night rate,", "Night rate, valid_until: 2999-01-01,", cheaper)
    told = ["~ models.route/shop.sell[1]: Night rate ends at 2999-01-01T00:00:00Z"]
    assert apply(with_special(ending)) == told
    assert "an end moves nearer only" in refused(with_special(cheaper))


@pytest.mark.usefixtures("shop")
def test_a_promotion_carries_every_class_of_the_standard_price() -> None:
    told = refused(with_special(changed(", output: 2", "", OFFER)))
    assert "models.route/shop.sell[1]: lacks output, which the standard price has" in told


@pytest.mark.usefixtures("shop")
def test_a_promotion_below_cost_says_so() -> None:
    cheap = changed("input: 0.4", "input: 0.17", OFFER)
    assert "sells input at shop-a below cost" in refused(with_special(cheap))
    assert apply(with_special(changed("label:", "below_cost: true, reason: to be known, label:", cheap)))


@pytest.mark.usefixtures("shop")
def test_a_price_that_jumps_is_confirmed() -> None:
    text = changed("input: 0.5", "input: 50")
    told = refused(text)
    assert "makes input 100 times dearer (0.5 → 50); apply with --confirm-jumps if it is meant" in told
    assert "to nothing" in refused(changed("output: 2,", "output: 0,"))
    outcome = applying.apply(reading.read(text), KEYS, confirm_jumps=True)
    assert [str(change) for change in outcome.changes] == [
        "+ models.route/shop.sell[0]: input 0.5 → 50, from now"
    ]


@pytest.mark.usefixtures("shop")
def test_changed_terms_are_a_new_version_with_the_rest_of_the_old() -> None:
    text = "tollway: 1\nplans: {shop-plan: {terms: {caps: {day: 200}}}}"
    assert apply(text) == ["~ plans.shop-plan.terms: version 2: caps.day 100 → 200"]
    first, second = PlanVersion.objects.filter(plan__slug="shop-plan").order_by("version")
    assert (first.day_cap, second.day_cap) == (100, 200)
    assert (second.credits_nano, second.auto_models) == (first.credits_nano, ["route/shop"])
    assert apply(text) == []


@pytest.mark.usefixtures("shop")
def test_a_plan_is_renamed_without_new_terms() -> None:
    assert apply("tollway: 1\nplans: {shop-plan: {name: Store, public: false}}") == [
        "~ plans.shop-plan.name: Shop → Store",
        "~ plans.shop-plan.public: true → false",
    ]
    plan = Plan.objects.get(slug="shop-plan")
    assert (plan.name, plan.rank, plan.public) == ("Store", 777, False)
    assert PlanVersion.objects.filter(plan__slug="shop-plan").count() == 1
