"""What operators do with prices: plausible ones are added for good, the others are asked about twice."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing.admin_gaps import missing
from billing.models import PriceGap
from catalog.models import Model, Multiplier, PriceKind, PriceVersion, Provider, Rate
from catalog.pricing import RateCard
from kernel import clock
from tests.billing import rows
from tests.operator.reading import column, text

pytestmark = pytest.mark.django_db

ADD = "admin:catalog_priceversion_add"
STANDARD = {"input": "0.5", "output": "2"}


@pytest.fixture
def model() -> Model:
    """A model that is sold at 0.5 and 2 USD since yesterday."""
    row = Model.objects.create(
        public_id="route/priced",
        name="Priced",
        author="test",
        tier="lite",
        context_length=1000,
        max_output_tokens=100,
        created_at=clock.now(),
    )
    version(row, input=500_000, output=2_000_000)
    return row


def version(of: Model, provider: Provider | None = None, **rates: int) -> PriceVersion:
    since = clock.now() - timedelta(days=1)
    made = PriceVersion.objects.create(model=of, provider=provider, valid_from=since, source="before")
    for name, micro in rates.items():
        Rate.objects.create(price_version=made, token_class=name, micro_usd_per_million=micro)
    return made


def asked(model: Model, rates: dict[str, str], **fields: Any) -> dict[str, Any]:
    """Return what the form of a new price posts."""
    forms = {
        f"rates-{number}-{field}": value
        for number, (name, price) in enumerate(rates.items())
        for field, value in {"token_class": name, "min_prompt_tokens": "0", "price": price}.items()
    }
    return {
        "model": model.pk,
        "kind": "standard",
        "valid_from_0": "2030-01-01",
        "valid_from_1": "00:00:00",
        "source": "a test",
        "rates-TOTAL_FORMS": len(rates),
        "rates-INITIAL_FORMS": 0,
        **forms,
        **fields,
    }


PROMOTION = {"kind": "promotion", "label": "Launch offer", "valid_until_0": "2030-02-01", "valid_until_1": "00:00:00"}  # fmt: skip
NIGHT = {"kind": "time_of_day", "label": "Night rate", "daily_from": "22:00", "daily_until": "06:00", "days": ["4", "5"]}  # fmt: skip


def refusal(operator: Client, posted: dict[str, Any]) -> str:
    answer = operator.post(reverse(ADD), posted)
    assert answer.status_code == 200
    assert not PriceVersion.objects.filter(source="a test").exists()
    return answer.content.decode().replace("&#x27;", "'")


def made(operator: Client, posted: dict[str, Any]) -> PriceVersion:
    answer = operator.post(reverse(ADD), posted)
    assert answer.status_code == 302, answer.content.decode()
    return PriceVersion.objects.get(source="a test")


def test_a_jump_is_confirmed_by_typing_the_model(operator: Client, model: Model) -> None:
    posted = asked(model, {"input": "2.6", "output": "2"})
    told = refusal(operator, posted)
    assert "input 0.5 → 2.6 USD, 5.2 times dearer. If it is meant, type route/priced" in told
    assert "type route/priced" in refusal(operator, posted | {"confirm": "yes"})
    assert made(operator, posted | {"confirm": " route/priced "})


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        ({"input": "0.5", "output": "0"}, "output 2 → 0 USD, to nothing"),
        ({"input": "0.09", "output": "2"}, "input 0.5 → 0.09 USD, 5.5 times cheaper"),
        ({"input": "100001", "output": "2"}, "more than any price can be"),
        ({"input": "0.0005", "output": "2"}, "looks like the price of one token"),
        ({"image": "1001", "output": "2"}, "more than any price can be"),
    ],
)
def test_a_price_that_is_not_plausible_is_refused(
    operator: Client, model: Model, rates: dict[str, str], said: str
) -> None:
    assert said in refusal(operator, asked(model, rates))


def test_five_times_is_no_jump_and_a_first_price_is_none(operator: Client, model: Model) -> None:
    assert made(operator, asked(model, {"input": "2.5", "output": "10"}))
    other = Model.objects.get(public_id="route/priced")
    other.pk, other.public_id = None, "route/first"
    other.save()
    answer = operator.post(reverse(ADD), asked(other, {"input": "900", "output": "900"}))
    assert answer.status_code == 302


def test_a_promotion_and_a_night_rate_are_added(operator: Client, model: Model) -> None:
    offer = made(operator, asked(model, STANDARD, **PROMOTION))
    assert (offer.kind, offer.label, offer.weekdays) == (PriceKind.PROMOTION, "Launch offer", None)
    PriceVersion.objects.filter(pk=offer.pk)
    answer = operator.post(reverse(ADD), asked(model, STANDARD, **NIGHT))
    assert answer.status_code == 302
    night = PriceVersion.objects.get(kind=PriceKind.TIME_OF_DAY)
    assert (night.daily_from, night.daily_until, night.weekdays) == (1320, 360, 0b0110000)
    listed = text(operator, "catalog_priceversion_changelist", query="?kind=time_of_day")
    assert "Night rate, 22:00 to 06:00 UTC Fri, Sat" in listed


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({**PROMOTION, "valid_until_0": "", "valid_until_1": ""}, "A promotion ends: say when."),
        ({**PROMOTION, "label": ""}, "Customers read this beside the price"),
        ({**PROMOTION, "valid_until_0": "2029-01-01"}, "price_ends_after_it_begins"),
        ({**PROMOTION, "daily_from": "22:00"}, "Only a time of day has this."),
        ({**NIGHT, "daily_from": ""}, "A time of day has this."),
        ({**NIGHT, "daily_from": "25:00"}, "Write a time of the UTC day such as 22:00."),
        ({**NIGHT, "daily_until": "22:00"}, "Write another time than its beginning"),
        ({**NIGHT, "daily_until": "00:00"}, "midnight is 24:00 here"),
        ({"valid_until_0": "2031-01-01", "valid_until_1": "00:00:00"}, "until another follows it"),
        ({**PROMOTION, "below_cost": "on"}, "Say why it is sold below cost."),
    ],
)
def test_a_kind_has_what_belongs_to_it(
    operator: Client, model: Model, fields: dict[str, Any], said: str
) -> None:
    assert said in refusal(operator, asked(model, STANDARD, **fields))


def test_a_promotion_without_a_class_of_the_standard_price_is_refused(operator: Client, model: Model) -> None:
    assert "It lacks output, which the standard price has" in refusal(
        operator, asked(model, {"input": "0.5"}, **PROMOTION)
    )


def test_a_promotion_before_any_standard_price_is_refused(operator: Client, model: Model) -> None:
    early = {**PROMOTION, "valid_from_0": "2020-01-01"}
    assert "no standard price beneath it" in refusal(operator, asked(model, STANDARD, **early))


def test_a_promotion_below_cost_needs_a_tick_and_a_reason(operator: Client, model: Model) -> None:
    version(model, Provider.objects.get(slug="sandbox"), input=450_000, output=1_000_000)
    Multiplier.objects.filter(scope="platform").update(factor_ppm=1_000_000)
    posted = asked(model, {"input": "0.4", "output": "2"}, **PROMOTION)
    assert "It sells input at sandbox below cost" in refusal(operator, posted)
    offer = made(operator, posted | {"below_cost": "on", "reason": "to be known"})
    assert (offer.below_cost, offer.reason) == (True, "to be known")


def test_the_page_of_a_price_shows_what_stays_of_it(operator: Client, model: Model) -> None:
    sold = PriceVersion.objects.get(model=model)
    cost = version(model, Provider.objects.get(slug="sandbox"), input=480_000, output=500_000)
    Multiplier.objects.filter(scope="platform").update(factor_ppm=1_000_000)
    shown = text(operator, "catalog_priceversion_change", sold.pk)
    assert '<span class="badge failed">4.0 %</span>' in shown, "below the floor of 10 %"
    assert "75.0 %" in shown
    assert reverse("admin:catalog_priceversion_change", args=[cost.pk]) in shown
    listed = text(operator, "catalog_priceversion_changelist", query="?q=route/priced")
    assert '<span class="badge failed">4.0 %</span>' in listed
    Multiplier.objects.create(scope="model", target="route/priced", factor_ppm=2_000_000, valid_from=clock.now(), reason="test")  # fmt: skip
    assert "52.0 %" in text(operator, "catalog_priceversion_change", sold.pk)


def test_the_rates_of_a_price_stand_in_the_order_of_their_use(operator: Client, model: Model) -> None:
    row = version(model, output=1, cache_write_1h=1, web_search=1, input=1, cached=1)
    shown = text(operator, "catalog_priceversion_change", row.pk)
    words = ["Input", "Cached input", "Cache write, 1 h", "Output", "Web searches"]
    places = [shown.rindex(f">{word}<") for word in words]
    assert places == sorted(places)


def _special(model: Model, *, begins: timedelta, **fields: Any) -> PriceVersion:
    row = PriceVersion.objects.create(
        model=model, valid_from=clock.now() + begins, source="special", label="Sale", **fields
    )
    for name, micro in {"input": 500_000, "output": 2_000_000}.items():
        Rate.objects.create(price_version=row, token_class=name, micro_usd_per_million=micro)
    return row


def end(operator: Client, row: PriceVersion) -> None:
    address = reverse("admin:catalog_priceversion_end", args=[row.pk])
    operator.post(address, {"_form_submitted": "on", "why": "a mistake"})
    row.refresh_from_db()


def test_a_promotion_is_ended_with_the_running_minute(operator: Client, model: Model) -> None:
    until = clock.now() + timedelta(days=9)
    row = _special(model, begins=-timedelta(hours=1), kind="promotion", valid_until=until)
    end(operator, row)
    assert row.valid_until is not None
    assert timedelta(0) < row.valid_until - clock.now() <= timedelta(minutes=1)
    assert "a mistake" in text(operator, "accounts_trailrow_changelist")


def test_an_announced_price_is_taken_back(operator: Client, model: Model) -> None:
    row = _special(model, begins=timedelta(days=1), kind="standard")
    end(operator, row)
    assert row.withdrawn
    assert "taken back" in text(operator, "catalog_priceversion_change", row.pk)


def test_a_standard_price_in_force_is_not_ended(operator: Client, model: Model) -> None:
    row = PriceVersion.objects.get(model=model)
    end(operator, row)
    assert row.valid_until is None


def test_a_factor_beside_another_is_refused_with_that_one_named(operator: Client) -> None:
    posted = {
        "scope": "platform",
        "target": "",
        "factor_ppm": "1400000",
        "valid_from_0": "2030-01-01",
        "valid_from_1": "00:00:00",
        "reason": "a test",
    }
    told = operator.post(reverse("admin:catalog_multiplier_add"), posted).content.decode()
    assert "only one factor of a scope and target holds at a time" in told
    assert not Multiplier.objects.filter(reason="a test").exists()


def test_price_gaps_name_the_model_the_classes_and_how_often(operator: Client, model: Model) -> None:
    provider = Provider.objects.get(slug="sandbox")
    version(model, provider, input=1, output=1, cached=1)
    sold = PriceVersion.objects.get(model=model, provider=None)
    workspace = rows.workspace()
    for _ in range(3):
        rows.settle(
            workspace, model_id=model.pk, provider_id=provider.pk, price_version_id=sold.pk, suspect=True
        )
    rows.settle(workspace, model_id=model.pk, provider_id=provider.pk, price_version_id=sold.pk)
    shown = text(operator, "billing_pricegap_changelist")
    assert "route/priced" in shown
    assert "cached, cache_write" in shown, "what the provider charges apart comes first"
    assert '<td class="field-n_requests nowrap">3</td>' in shown or ">3<" in shown


def test_of_what_has_no_rate_is_named_first_what_the_provider_charges_apart() -> None:
    prompt, output = (
        ["cached", "cache_write", "cache_write_1h", "image_in", "audio_in"],
        ["reasoning", "image_out", "audio_out"],
    )
    assert missing(None, None) == []
    assert missing(RateCard(1, {}), None) == [*prompt, *output]
    sold, bought = (
        RateCard(1, {"cached": ((0, 1),)}),
        RateCard(2, {"audio_in": ((0, 1),), "cached": ((0, 1),)}),
    )
    assert missing(sold, bought) == ["audio_in", "cache_write", "cache_write_1h", "image_in", *output]
    mended, unpriced = PriceGap(kind="suspect"), PriceGap(kind="unpriced")
    vars(mended).update(missing=[])  # as the list reads it
    assert column(mended, "classes") == "none: figures of the upstream were mended"
    assert column(unpriced, "classes") == "all"


def test_price_gaps_name_models_in_sale_without_a_price(operator: Client, model: Model) -> None:
    bare = Model.objects.get(public_id="route/glm-5")
    other = Model.objects.create(
        public_id="route/unpriced",
        name="Unpriced",
        author="test",
        tier="lite",
        context_length=10,
        max_output_tokens=1,
        created_at=clock.now(),
    )
    other.chains.create(version=1, status="live", published_at=clock.now())
    shown = text(operator, "billing_pricegap_changelist", query="?kind=unpriced")
    assert "route/unpriced" in shown
    assert bare.public_id not in shown
