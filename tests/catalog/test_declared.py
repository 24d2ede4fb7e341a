"""Tests of catalog.declared as a whole: the demo there and back, and what an operator does with a file."""

import os

import pytest
from django.db import transaction

from catalog import credentials, demo
from catalog.declared import exporting
from catalog.models import (
    Chain,
    Endpoint,
    Hop,
    Model,
    Multiplier,
    PlanVersion,
    Provider,
    Rate,
)

from .shop import KEYS, SHOP, apply, changed, refused, revision, sell_prices

pytestmark = pytest.mark.django_db

SANDBOX = "http://127.0.0.1:8099/v1"


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
def test_a_changed_chain_is_published_as_a_new_version() -> None:
    text = changed("      - {to: shop-a/default, model: one, weight: 3}\n", "").replace("weight: 1, ", "")
    assert apply(text) == [
        "~ models.route/shop.chain: version 2: shop-a/default one (weight 3), "
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
