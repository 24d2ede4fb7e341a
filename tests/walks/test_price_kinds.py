"""Promotions and times of day on a request's way: what holds when it is let in is what it costs, and what is told."""

import time
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from django.db import transaction

from catalog.models import Model, PriceVersion, Rate
from catalog.timetable import EVERY_DAY, MINUTES_PER_DAY
from kernel import clock
from tests.fakes.cast import Customer, customer, model
from tests.fakes.exchange import ask
from tests.fakes.gateway import Gateway

pytestmark = pytest.mark.usefixtures("committed")

RATES = {"input": 2_000_000, "cached": 500_000, "output": 8_000_000, "reasoning": 9_000_000}
CHEAP = {name: rate // 4 for name, rate in RATES.items()}


@transaction.atomic
def price(name: str, rates: dict[str, int], **facts: Any) -> PriceVersion:
    of = Model.objects.get(public_id=name)
    version = PriceVersion.objects.create(
        **{"model": of, "valid_from": clock.now(), "label": "Sale", "source": "test", **facts}
    )
    for token_class, rate in rates.items():
        Rate.objects.create(price_version=version, token_class=token_class, micro_usd_per_million=rate)
    return version


def promotion(name: str, rates: dict[str, int], **facts: Any) -> PriceVersion:
    until = clock.now() + timedelta(hours=1)
    return price(name, rates, **{"kind": "promotion", "valid_until": until, **facts})


def charged(gateway: Gateway, who: Customer, name: str) -> dict[str, Any]:
    heard = gateway.chat(who.secret, name)
    assert heard.status == 200, heard.raw
    return who.event(heard.headers["x-request-id"])


def pinned(gateway: Gateway, who: Customer, name: str, version: PriceVersion) -> None:
    """Wait until requests are charged by a version."""
    gateway.eventually(lambda: charged(gateway, who, name)["price_version_id"] == version.pk, within=5)


def your_price(gateway: Gateway, who: Customer, name: str) -> dict[str, str]:
    told = ask("GET", f"{gateway.base_url}/pricing", headers={"X-API-Key": who.secret})
    (row,) = [row for row in told.json["models"] if row["model"] == name]
    return dict(row["your_price"])


def test_a_promotion_is_what_is_charged_and_what_is_told(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "reasoning"), rates=RATES)
    gateway.knows(who.secret, name)
    version = promotion(name, CHEAP)
    pinned(gateway, who, name, version)
    event, told = charged(gateway, who, name), your_price(gateway, who, name)
    fields = {
        "input": "input_per_million",
        "cached": "cached_input_per_million",
        "output": "output_per_million",
        "reasoning": "reasoning_per_million",
    }
    usd = sum(event[f"{token_class}_tokens"] * Fraction(told[field]) for token_class, field in fields.items())
    assert told["input_per_million"] == "0.5"
    assert event["cost"] == int(usd * 1000 + Fraction(1, 2))


def test_a_promotion_ends_by_itself(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "m"), rates=RATES)
    gateway.knows(who.secret, name)
    standard = PriceVersion.objects.get(model__public_id=name)
    version = promotion(name, CHEAP, valid_until=clock.now() + timedelta(seconds=5))
    pinned(gateway, who, name, version)
    assert version.valid_until is not None
    time.sleep(max(0, (version.valid_until - clock.now()).total_seconds()))
    assert charged(gateway, who, name)["price_version_id"] == standard.pk


def test_a_time_of_day_is_charged_while_it_holds(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "m"), rates=RATES)
    gateway.knows(who.secret, name)
    whole_day = {"kind": "time_of_day", "daily_from": 0, "daily_until": MINUTES_PER_DAY}
    yesterday = 1 << (clock.now() - timedelta(days=1)).weekday()
    not_today = price(name, RATES, **whole_day, weekdays=yesterday)
    today = price(name, CHEAP, **whole_day, weekdays=EVERY_DAY & ~yesterday)
    pinned(gateway, who, name, today)
    assert not_today.pk != today.pk


def test_a_request_under_way_is_charged_by_what_held_when_it_was_let_in(
    gateway: Gateway, sandbox: str
) -> None:
    who, patient = customer(), customer()
    name, slow = model((sandbox, "m"), rates=RATES), model((sandbox, "slow"), rates=RATES)
    gateway.knows(who.secret, name, slow)
    before = PriceVersion.objects.get(model__public_id=slow)
    heard = b""
    with gateway.streaming(patient.secret, slow) as wire:
        promotion(slow, CHEAP)
        pinned(gateway, who, name, promotion(name, CHEAP))
        while b"[DONE]" not in heard:
            part = wire.recv(65536)
            assert part, heard
            heard += part
    gateway.eventually(lambda: len(patient.events()) == 1, within=5)
    (event,) = patient.events()
    assert event["price_version_id"] == before.pk
    assert event["cost"] == sum(event[f"{name}_tokens"] * rate for name, rate in RATES.items()) // 1000
