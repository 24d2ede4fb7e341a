"""Tests of catalog.declared as a whole: the demo there and back, and what an operator does with a file."""

import os
from datetime import timedelta

import pytest
from django.db import transaction

from catalog import credentials, demo
from catalog.declared import applying, exporting, reading
from catalog.declared.tree import Refused
from catalog.models import (
    CatalogRevision,
    Chain,
    Endpoint,
    Hop,
    Model,
    Multiplier,
    Plan,
    PlanVersion,
    PriceVersion,
    Provider,
    Rate,
)
from kernel import clock

pytestmark = pytest.mark.django_db

SANDBOX = "http://127.0.0.1:8099/v1"
# A shop with one of everything; the tests say what they change in it.
SHOP = """\
tollway: 1
providers:
  shop-a: {name: A, endpoints: {default: {base_url: 'https://a.example.com/v1', credential: env:KEY_A}}}
  shop-b:
    name: B
    private: true
    drain_seconds: 2
    endpoints: {default: {base_url: 'http://10.0.0.9:8000/v1', needs_credential: false}}
plans:
  shop-plan:
    name: Shop
    rank: 777
    terms: {price: '20', credits: '25.5', tiers: [free, lite], caps: {streams: 50, day: 100}, auto_models: [route/shop]}
multipliers:
  - {scope: model, target: route/shop, factor: '1.4', reason: margin}
models:
  route/shop:
    name: Shop
    author: shop
    tier: lite
    context_length: 1000
    max_output_tokens: 100
    input_modalities: [text]
    output_modalities: [text]
    chain:
      - {to: shop-a/default, model: one, weight: 3}
      - {to: shop-b, model: two, weight: 1, waits: {total: 30}}
    sell:
      - rates: {input: 0.5, output: 2, input>500: 1}
    costs:
      shop-a: [{rates: {input: 0.25, output: 1}}]
"""
KEYS = {"KEY_A": "sk-aaaaaaaaaaaaaaaa"}


def apply(text: str, *, dry_run: bool = False, **environment: str) -> list[str]:
    """Apply a file and return the lines of its diff."""
    outcome = applying.apply(reading.read(text), KEYS | environment, dry_run=dry_run)
    return [str(change) for change in outcome.changes]


def refused(text: str, **environment: str) -> str:
    """Apply a file that must be refused; return what was told, after looking that nothing changed."""
    before = revision()
    with pytest.raises(Refused) as error, transaction.atomic():
        applying.apply(reading.read(text), KEYS | environment)
    assert revision() == before
    return str(error.value)


def revision() -> int:
    return CatalogRevision.objects.get().number


def sell_prices() -> list[PriceVersion]:
    rows = PriceVersion.objects.filter(model__public_id="route/shop", provider=None)
    return list(rows.order_by("valid_from"))


def changed(old: str, new: str, text: str = SHOP) -> str:
    assert old in text
    return text.replace(old, new)


@pytest.fixture
def shop() -> None:
    apply(SHOP)


def test_the_demo_goes_to_a_file_and_comes_back_as_it_was() -> None:
    with transaction.atomic():
        demo.load(sandbox_url=SANDBOX)
        text = exporting.export()
        transaction.set_rollback(True)
    assert not Model.objects.filter(public_id="route/glm-5").exists()
    assert apply(text)
    assert exporting.export() == text
    before = revision()
    assert apply(text) == []
    assert revision() == before


def test_an_export_of_everything_a_file_can_say_changes_nothing(
    shop: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "SHOP_A_API_KEY", KEYS["KEY_A"])
    text = exporting.export()
    assert "credential: env:SHOP_A_API_KEY" in text
    before = revision()
    assert apply(text, SHOP_A_API_KEY=KEYS["KEY_A"]) == []
    assert revision() == before


@pytest.mark.usefixtures("shop")
def test_a_file_becomes_the_rows_that_it_names() -> None:
    model = Model.objects.get(public_id="route/shop")
    hops = list(Hop.objects.filter(chain__model=model, chain__status="live").order_by("position"))
    assert [(str(hop.endpoint), hop.upstream_model, hop.weight, hop.total_seconds) for hop in hops] == [
        ("shop-a/default", "one", 3, None),
        ("shop-b/default", "two", 1, 30),
    ]
    (price,) = sell_prices()
    rates = Rate.objects.filter(price_version=price).order_by("token_class", "min_prompt_tokens")
    assert list(rates.values_list("token_class", "min_prompt_tokens", "micro_usd_per_million")) == [
        ("input", 0, 500_000),
        ("input", 500, 1_000_000),
        ("output", 0, 2_000_000),
    ]
    terms = PlanVersion.objects.get(plan__slug="shop-plan")
    assert (terms.credits_nano, terms.day_cap, terms.hour_cap) == (25_500_000_000, 100, None)
    assert Multiplier.objects.get(target="route/shop").factor_ppm == 1_400_000
    assert credentials.stored(Endpoint.objects.get(provider__slug="shop-a")) == KEYS["KEY_A"]


@pytest.mark.usefixtures("shop")
def test_a_second_application_changes_nothing() -> None:
    before = revision()
    assert apply(SHOP) == []
    assert revision() == before


def test_a_dry_run_tells_what_an_application_does_and_does_none_of_it() -> None:
    before = revision()
    told = apply(SHOP, dry_run=True)
    assert revision() == before
    assert not Provider.objects.filter(slug="shop-a").exists()
    assert apply(SHOP) == told


@pytest.mark.usefixtures("shop")
def test_what_is_not_named_stays_as_it_is() -> None:
    assert apply("tollway: 1\nmodels: {route/shop: {description: New}}") == [
        "~ models.route/shop.description: nothing → New"
    ]
    model = Model.objects.get(public_id="route/shop")
    assert (model.tier, model.active, Chain.objects.filter(model=model).count()) == ("lite", True, 1)
    assert apply("tollway: 1\nproviders: {shop-b: {endpoints: {default: {waits: {idle: 9}}}}}") == [
        "~ providers.shop-b.endpoints.default.waits.idle: 120 → 9"
    ]
    assert Provider.objects.get(slug="shop-b").drain_seconds == 2


@pytest.mark.usefixtures("shop")
def test_active_false_switches_off() -> None:
    assert apply("tollway: 1\nmodels: {route/shop: {active: false}}") == [
        "~ models.route/shop.active: true → false"
    ]
    assert not Model.objects.get(public_id="route/shop").active


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
    text = changed(ahead, ahead + "      - {valid_from: 2999-01-01, rates: {input: 9, output: 9}}\n")
    assert apply(text) == ["+ models.route/shop.sell[1]: input 9, output 9, from 2999-01-01T00:00:00Z"]
    assert apply(text) == []
    assert apply(SHOP) == []  # what is not named stays, what is announced too
    told = refused(changed("input: 9", "input: 8", text))
    assert "models.route/shop.sell[1]: is announced with other rates" in told
    assert exporting.export().count("2999-01-01") == 1


@pytest.mark.usefixtures("shop")
def test_the_past_of_a_price_is_not_written() -> None:
    standing = "      - rates: {input: 0.5, output: 2, input>500: 1}\n"
    old = "      - {valid_from: 2020-01-01, rates: {input: 7, output: 7}}\n"
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
def test_a_promotion_beside_a_factor_leaves_that_in_force_for_afterwards() -> None:
    standing = (
        "  - {scope: model, target: route/shop, factor: '1.4', valid_from: 2020-01-01, reason: margin}\n"
    )
    text = changed(
        "  - {scope: model, target: route/shop, factor: '1.4', reason: margin}\n",
        standing
        + "  - {scope: model, target: route/shop, factor: '0.5', valid_until: 2999-01-01, reason: sale}\n",
    )
    assert apply(text) == ["+ multipliers[1]: model route/shop × 0.5 from now"]
    assert apply(text) == []
    assert "is covered by a later one" in refused(changed("factor: '1.4'", "factor: '1.6'", text))


@pytest.mark.usefixtures("shop")
def test_changed_terms_are_a_new_version_with_the_rest_of_the_old() -> None:
    text = "tollway: 1\nplans: {shop-plan: {terms: {caps: {day: 200}}}}"
    assert apply(text) == ["~ plans.shop-plan.terms: version 2: caps.day 100 → 200"]
    first, second = PlanVersion.objects.filter(plan__slug="shop-plan").order_by("version")
    assert (first.day_cap, second.day_cap) == (100, 200)
    assert (second.credits_nano, second.auto_models) == (first.credits_nano, ["route/shop"])
    assert apply(text) == []


@pytest.mark.usefixtures("shop")
def test_a_changed_chain_is_published_as_a_new_version() -> None:
    text = changed("      - {to: shop-a/default, model: one, weight: 3}\n", "").replace("weight: 1, ", "")
    assert apply(text) == [
        "~ models.route/shop.chain[0]: version 2: shop-a/default one (weight 3), "
        "shop-b/default two (weight 1, waits.total 30) → shop-b/default two (waits.total 30)"
    ]
    chains = Chain.objects.filter(model__public_id="route/shop").order_by("version")
    assert [chain.status for chain in chains] == ["retired", "live"]
    assert apply(text) == []


@pytest.mark.usefixtures("shop")
def test_a_key_is_replaced_when_its_variable_holds_another() -> None:
    endpoint = Endpoint.objects.get(provider__slug="shop-a")
    told = apply(SHOP, KEY_A="sk-bbbbbbbbbbbbbbbb")
    assert told == ["~ providers.shop-a.endpoints.default.credential: replaced by what KEY_A holds"]
    assert credentials.stored(endpoint) == "sk-bbbbbbbbbbbbbbbb"
    assert apply(SHOP, KEY_A="sk-bbbbbbbbbbbbbbbb") == []


@pytest.mark.usefixtures("shop")
def test_an_endpoint_may_have_several_keys() -> None:
    text = changed("credential: env:KEY_A", "credential: {default: env:KEY_A, spare: env:KEY_B}")
    assert apply(text, KEY_B="sk-cccccccccccccccc") == [
        "+ providers.shop-a.endpoints.default.credential.spare: taken from KEY_B"
    ]
    assert Endpoint.objects.get(provider__slug="shop-a").keys.count() == 2


@pytest.mark.usefixtures("shop")
def test_an_export_names_no_secret_and_acts_on_no_guess() -> None:
    text = exporting.export()
    assert KEYS["KEY_A"] not in text
    assert "# credential: env:SHOP_A_API_KEY" in text
    assert apply(text, SHOP_A_API_KEY="sk-of-somebody-else") == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("shop-b, model: two", "nobody, model: two", "chain[1].to: there is no endpoint default of a provider nobody"),
        ("shop-b, model: two", "shop-b/x, model: two", "there is no endpoint x of a provider shop-b"),
        ("      shop-a: [{rates", "      nobody: [{rates", "costs.nobody[0]: there is no provider nobody"),
        ("target: route/shop", "target: route/gone", "multipliers[0]: there is no model route/gone"),
        ("auto_models: [route/shop]", "auto_models: [route/gone]", "auto_models: there is no model route/gone"),
        ("    author: shop\n", "", "models.route/shop: is new and lacks `author`"),
        ("    name: Shop\n    rank", "    rank", "plans.shop-plan: is new and lacks `name`"),
        ("price: '20', ", "", "plans.shop-plan.terms: is new and lacks `price`"),
        ("{base_url: 'https://a.example.com/v1', ", "{", "is new and lacks `base_url`"),
        ("max_output_tokens: 100", "max_output_tokens: 1001", "model_output_within_context"),
        ("https://a.example.com/v1", "http://10.0.0.1/v1", "endpoints.default.base_url: "),
        ("env:KEY_A", "env:KEY_GONE", "credential: the variable KEY_GONE is not set here"),
        ("model: two, weight: 1", "model: two", "and no neighbour to share with"),
        ("to: shop-b, model: two", "to: shop-a, model: one", "chain["),
        ("output: 2, ", "", "no rate for output"),
        ("output_modalities: [text]", "output_modalities: [image]", "(catalog.E004)"),
        ("drain_seconds: 2", "drain_seconds: 2, headers: {Authorization: x}", "providers.shop-b"),
    ],
)  # fmt: skip
def test_a_file_is_refused_for(old: str, new: str, said: str) -> None:
    if "headers" in new:
        new = "drain_seconds: 2\n    headers: {Authorization: x}"
    told = refused(changed(old, new))
    assert said in told
    assert told.startswith("line "), told


def test_all_that_is_wrong_with_the_rows_is_told_at_once() -> None:
    text = changed("env:KEY_A", "env:KEY_GONE").replace("target: route/shop", "target: route/gone")
    told = refused(text.replace("max_output_tokens: 100", "max_output_tokens: 1001")).splitlines()
    assert [one.split(": ")[1] for one in told] == [
        "providers.shop-a.endpoints.default.credential",
        "plans.shop-plan.terms.auto_models",
        "multipliers[0]",
        "models.route/shop",
    ]


@pytest.mark.usefixtures("shop")
def test_a_file_can_mend_what_contradicts_itself() -> None:
    Model.objects.filter(public_id="route/shop").update(output_modalities=["image"])
    other = "tollway: 1\nproviders: {shop-b: {drain_seconds: 3}}"
    assert "route/shop does not give out what its capability is for" in refused(other)
    assert apply(SHOP) == ["~ models.route/shop.output_modalities: ['image'] → ['text']"]


def test_a_model_that_is_off_may_wait_for_its_key_and_its_price() -> None:
    text = changed(", credential: env:KEY_A", "").replace("needs_credential: false", "needs_credential: true")
    assert "its endpoint has no key" in refused(text)
    resting = changed("    tier: lite\n", "    tier: lite\n    active: false\n", text)
    apply(resting)
    assert Chain.objects.get(model__public_id="route/shop").status == "live"
    assert apply(resting) == []


@pytest.mark.usefixtures("shop")
def test_a_file_that_is_refused_leaves_nothing_of_itself() -> None:
    text = changed("input: 0.5", "input: 0.6").replace("drain_seconds: 2", "drain_seconds: 4")
    broken = changed("weight: 3", "weight: 0", text)
    assert "and no neighbour to share with" in refused(broken)
    assert Provider.objects.get(slug="shop-b").drain_seconds == 2
    assert len(sell_prices()) == 1


@pytest.mark.usefixtures("shop")
def test_a_provider_becomes_public_or_private_together_with_its_addresses() -> None:
    public = changed("http://10.0.0.9:8000/v1", "https://b.example.com/v1").replace(
        "private: true", "private: false"
    )
    assert len(apply(public)) == 2
    assert len(apply(SHOP)) == 2
    assert "private" in refused(changed("private: true", "private: false"))


@pytest.mark.usefixtures("shop")
def test_a_plan_is_renamed_without_new_terms() -> None:
    assert apply("tollway: 1\nplans: {shop-plan: {name: Store, public: false}}") == [
        "~ plans.shop-plan.name: Shop → Store",
        "~ plans.shop-plan.public: true → false",
    ]
    plan = Plan.objects.get(slug="shop-plan")
    assert (plan.name, plan.rank, plan.public) == ("Store", 777, False)
    assert PlanVersion.objects.filter(plan__slug="shop-plan").count() == 1
