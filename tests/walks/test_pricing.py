"""The price list: the list price, and what the caller pays."""

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from django.db import transaction

from catalog.models import Hop, Model, Multiplier, PriceVersion, Rate
from kernel import clock, money
from tests.fakes.cast import Customer, customer, model
from tests.fakes.exchange import ask
from tests.fakes.gateway import Gateway

pytestmark = pytest.mark.usefixtures("committed")


def rows(gateway: Gateway, who: Customer) -> list[dict[str, Any]]:
    told = ask("GET", f"{gateway.base_url}/pricing", headers={"X-API-Key": who.secret})
    assert told.status == 200, told.body
    assert told.json.keys() == {"models"}
    return list(told.json["models"])


def row_of(gateway: Gateway, who: Customer, name: str) -> dict[str, Any]:
    (row,) = [row for row in rows(gateway, who) if row["model"] == name]
    return row


def multiply(scope: str, target: str, ppm: int) -> None:
    Multiplier.objects.create(
        scope=scope, target=target, factor_ppm=ppm, valid_from=clock.now(), reason="test"
    )


def providers(name: str) -> list[str]:
    hops = Hop.objects.filter(chain__model__public_id=name).order_by("position")
    return [hop.endpoint.provider.slug for hop in hops]


def test_has_floats_of_the_list_price(gateway: Gateway, sandbox: str) -> None:
    who = customer()
    name = model((sandbox, "m"), name="A Model", tier="lite", rates={"input": 492_800, "output": 739_200})
    multiply("model", name, 0)
    gateway.knows(who.secret, name)
    row = row_of(gateway, who, name)
    listed = {key: row[key] for key in row if key != "your_price"}
    assert listed == {
        "model": name,
        "display_name": "A Model",
        "tier": "lite",
        "input_per_million": 0.4928,
        "output_per_million": 0.7392,
    }


def test_has_one_row_for_each_model_of_every_plan(gateway: Gateway, sandbox: str) -> None:
    who, rich = customer(tiers=["free"]), customer()
    names = [model((sandbox, "m"), tier=tier) for tier in ("free", "max")]
    gateway.knows(rich.secret, *names)
    found = [row["model"] for row in rows(gateway, who)]
    assert set(names) <= set(found)
    assert len(found) == len(set(found))


def test_is_the_callers_own_after_every_factor(gateway: Gateway, sandbox: str) -> None:
    who, other = customer(), customer()
    name = model((sandbox, "m"), rates={"input": 2_000_002, "output": 3, "request": 5_000_000})
    multiply("model", name, 1_500_000)
    multiply("workspace", str(who.workspace.pk), 333_333)
    gateway.knows(who.secret, name)
    assert row_of(gateway, who, name)["your_price"] == {
        "input_per_million": "0.999999999999",
        "output_per_million": "0.0000014999985",
        "per_request": "0.0000024999975",
        "overrides": [],
    }
    assert row_of(gateway, other, name)["your_price"]["input_per_million"] == "3.000003"


def test_tells_the_steps_of_long_prompts(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "m"))
    with transaction.atomic():
        dearer = PriceVersion.objects.create(
            model=Model.objects.get(public_id=name), valid_from=clock.now(), source="test"
        )
        for minimum, rate in ((0, 1_000_000), (200_000, 2_500_000)):
            Rate.objects.create(
                price_version=dearer,
                token_class="input",
                min_prompt_tokens=minimum,
                micro_usd_per_million=rate,
            )
    multiply("model", name, 2_000_000)
    gateway.knows(who.secret, name)
    gateway.eventually(
        lambda: (
            row_of(gateway, who, name)["your_price"]
            == {
                "input_per_million": "2",
                "overrides": [{"min_prompt_tokens": 200_000, "input_per_million": "5"}],
            }
        ),
        within=3,
    )


def test_is_that_of_the_first_upstream_and_names_others_where_they_differ(
    gateway: Gateway, sandbox: str
) -> None:
    who, name = customer(), model((sandbox, "m"), (sandbox, "m"), rates={"input": 1_000_000, "output": 0})
    first, second = providers(name)
    multiply("provider", second, 3_000_000)
    gateway.knows(who.secret, name)
    row = row_of(gateway, who, name)
    assert row["your_price"]["input_per_million"] == "1"
    prices = {slug: price["input_per_million"] for slug, price in row["your_price_by_provider"].items()}
    assert prices == {first: "1", second: "3"}


def test_forgets_a_factor_that_has_ended(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "m"), rates={"input": 1_000_000, "output": 0})
    now = clock.now()
    Multiplier.objects.create(
        scope="model",
        target=name,
        factor_ppm=5_000_000,
        valid_from=now - timedelta(days=2),
        valid_until=now - timedelta(days=1),
        reason="test",
    )
    gateway.knows(who.secret, name)
    assert row_of(gateway, who, name)["your_price"]["input_per_million"] == "1"


def test_reckons_up_to_the_charge(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "reasoning"))
    multiply("model", name, 1_234_567)
    gateway.knows(who.secret, name)
    price = row_of(gateway, who, name)["your_price"]
    heard = gateway.chat(who.secret, name)
    assert heard.status == 200, heard.raw
    event = who.event(heard.headers["x-request-id"])
    fields = {
        "input_tokens": "input_per_million",
        "cached_tokens": "cached_input_per_million",
        "output_tokens": "output_per_million",
        "reasoning_tokens": "reasoning_per_million",
    }
    assert event["reasoning_tokens"] > 0
    usd = sum((event[count] * Fraction(price[field]) for count, field in fields.items()), Fraction())
    nano = usd * money.NANO_PER_USD / 10**6
    assert event["cost"] == money.half_up(nano.numerator, nano.denominator) > 0
