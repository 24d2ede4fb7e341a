"""The list of models."""

import urllib.error

import openai
import pytest

from catalog.models import Plan, PlanVersion
from kernel import clock
from tests.fakes.cast import customer, model
from tests.fakes.gateway import Gateway

pytestmark = pytest.mark.usefixtures("committed")


def test_has_what_the_callers_plan_includes(gateway: Gateway, sandbox: str) -> None:
    who, rich = customer(tiers=["free", "lite"]), customer()
    lite, premium = model((sandbox, "m"), tier="lite"), model((sandbox, "m"), tier="premium")
    gateway.knows(rich.secret, lite, premium)
    with openai.OpenAI(base_url=gateway.base_url, api_key=who.secret) as client:
        listed = {found.id: found for found in client.models.list()}
    assert lite in listed
    assert premium not in listed
    assert (listed[lite].object, listed[lite].owned_by) == ("model", "test")
    assert listed[lite].created > 1_700_000_000


def test_prices_in_exact_strings(gateway: Gateway, sandbox: str) -> None:
    who = customer()
    name = model(
        (sandbox, "m"), rates={"input": 492_800, "cached": 0, "output": 1_250_000, "reasoning": 1_250_001}
    )
    gateway.knows(who.secret, name)
    assert gateway.models(who.secret)[name]["pricing"] == {
        "prompt": "0.0000004928",
        "completion": "0.00000125",
        "request": "0",
        "image": "0",
        "web_search": "0",
        "internal_reasoning": "0.000001250001",
        "input_cache_read": "0",
        "input_cache_write": "0",
    }


def test_refuses_a_bad_credential(gateway: Gateway) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        gateway.models("rk_" + "0" * 64)
    refused.value.close()
    assert refused.value.code == 401


def test_shows_nobody_the_free_plan(gateway: Gateway, sandbox: str) -> None:
    plan, made = Plan.objects.get_or_create(slug="free", defaults={"name": "Free", "rank": 0})
    terms = {"price_nano": 0, "credits_nano": 0, "tiers": ["free"], "stream_cap": 1}
    version = PlanVersion.objects.create(plan=plan, version=99, published_at=clock.now(), **terms)
    try:
        free, lite = model((sandbox, "m")), model((sandbox, "m"), tier="lite")
        gateway.eventually(lambda: free in gateway.models(None), within=3)
        assert lite not in gateway.models(None)
    finally:
        version.delete()
        if made:
            plan.delete()
