"""Seed 002: the catalogue in groups under /api/ai, for keys and management tokens, with the caller's own prices."""

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from accounts import management_tokens
from catalog.models import Endpoint, Multiplier, Provider
from kernel import clock, money
from tests.billing.managing.asking import seated
from tests.fakes.cast import Customer, customer, model
from tests.fakes.exchange import Told, ask
from tests.fakes.gateway import Gateway

pytestmark = pytest.mark.usefixtures("committed")

EXAMPLE = json.loads(Path(__file__).with_name("grouped_catalogue.json").read_text())
CHAT: dict[str, Any] = {
    "input_modalities": ["text"],
    "output_modalities": ["text"],
    "supported_parameters": ["tools"],
}


def at(gateway: Gateway, path: str, who: Customer | None = None, **headers: str) -> Told:
    named = {"Authorization": f"Bearer {who.secret}"} if who else {}
    return ask("GET", gateway.base_url.removesuffix("/v1") + path, headers={**named, **headers})


def shape(value: Any) -> Any:
    """Return keys and types; lists by their first element, as the document shows them."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def models(grouped: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    for group, providers in grouped.items():
        for provider in providers:
            for each in provider["models"]:
                yield group, provider, each


def of(grouped: dict[str, Any], name: str) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    return [found for found in models(grouped) if found[2]["id"] == name]


def test_has_the_keys_and_types_of_the_document(gateway: Gateway, sandbox: str) -> None:
    who = customer()
    chat = model((sandbox, "m"), **CHAT)
    drawn = model(
        (sandbox, "m"),
        capability="image",
        rates={"image": 4_000_000},
        **{**CHAT, "output_modalities": ["image"]},
    )
    told = at(gateway, "/api/ai/models", who)
    assert told.status == 200, told.body
    assert list(told.json) == list(EXAMPLE)
    for group, name in (("text", chat), ("image", drawn)):
        [(found_in, provider, found)] = of(told.json, name)
        assert found_in == group
        assert shape({**provider, "models": [found]}) == shape(EXAMPLE[group][0])


def test_configured_says_whether_there_is_a_credential(gateway: Gateway, sandbox: str) -> None:
    who = customer()
    name = model((sandbox, "m"), (sandbox, "m"), **CHAT)
    slugs = [provider["provider"] for _, provider, _ in of(at(gateway, "/api/ai/models", who).json, name)]
    bare = Endpoint.objects.get(provider__slug=slugs[0])
    Endpoint.objects.filter(pk=bare.pk).update(needs_credential=True)
    Provider.objects.get(slug=slugs[0]).save()
    found = {
        provider["provider"]: provider["configured"]
        for _, provider, _ in of(at(gateway, "/api/ai/models", who).json, name)
    }
    assert found == {slugs[0]: False, slugs[1]: True}


def test_all_groups_are_told_to_who_asks_for_them(gateway: Gateway, sandbox: str) -> None:
    who = customer()
    name = model((sandbox, "m"), capability="embedding", rates={"input": 20_000}, **CHAT)
    told = at(gateway, "/api/ai/models?groups=all", who)
    assert list(told.json) == ["text", "image", "embedding", "rerank"]
    assert [group for group, _, _ in of(told.json, name)] == ["embedding"]
    assert at(gateway, "/api/ai/models?groups=some", who).refusal == (400, "VALIDATION_ERROR")
    assert at(gateway, "/api/ai/models?group=all", who).refusal == (400, "VALIDATION_ERROR")


def test_prices_are_the_callers_own_and_come_to_the_charge(gateway: Gateway, sandbox: str) -> None:
    who = customer()
    name = model((sandbox, "m"), **CHAT)
    Multiplier.objects.create(
        scope="workspace",
        target=str(who.workspace.pk),
        factor_ppm=1_234_567,
        valid_from=clock.now(),
        reason="test",
    )
    gateway.knows(who.secret, name)
    [(_, _, found)] = of(at(gateway, "/api/ai/models", who).json, name)
    price = found["pricing"]
    assert price["prompt"] == "0.000002469134"
    assert price["request"] == "0"
    heard = gateway.chat(who.secret, name)
    event = who.event(heard.headers["x-request-id"])
    usd = event["input_tokens"] * Fraction(price["prompt"]) + event["output_tokens"] * Fraction(
        price["completion"]
    )
    nano = usd * money.NANO_PER_USD
    assert event["cost"] == money.half_up(nano.numerator, nano.denominator) > 0


def test_keys_see_what_they_may_call_and_nobody_sees_it_without(gateway: Gateway, sandbox: str) -> None:
    poor, rich = customer(tiers=["free"]), customer()
    name = model((sandbox, "m"), tier="max", **CHAT)
    assert of(at(gateway, "/api/ai/models", rich).json, name)
    assert not of(at(gateway, "/api/ai/models", poor).json, name)
    by_header = at(gateway, "/api/ai/models", None, **{"X-API-Key": rich.secret})
    assert (by_header.status, of(by_header.json, name) != []) == (200, True)
    credentials: list[dict[str, str]] = [
        {},
        {"Authorization": "Bearer rk_nobody"},
        {"X-API-Key": "rk_nobody"},
    ]
    for headers in credentials:
        for path in ("/api/ai/models", "/api/ai/usage", "/api/ai/usage/summary", "/api/ai/credits"):
            assert at(gateway, path, None, **headers).refusal == (401, "AUTHENTICATION_ERROR")
    both = at(gateway, "/api/ai/models", rich, **{"X-API-Key": poor.secret})
    assert both.refusal == (400, "VALIDATION_ERROR")


def test_a_management_token_sees_its_workspaces(gateway: Gateway, sandbox: str) -> None:
    who = customer()
    name = model((sandbox, "m"), **CHAT)
    _, secret = management_tokens.make(seated(who.workspace), name="script", scope="read", expires_at=None)
    told = at(gateway, "/api/ai/models", Authorization=f"Bearer {secret}")
    assert told.status == 200, told.body
    assert of(told.json, name) == of(at(gateway, "/api/ai/models", who).json, name) != []


def test_usage_summary_and_credits_are_of_the_caller_alone(gateway: Gateway, sandbox: str) -> None:
    who, other = customer(), customer()
    name = model((sandbox, "m"), **CHAT)
    gateway.knows(who.secret, name)
    ids = [gateway.chat(who.secret, name).headers["x-request-id"] for _ in range(3)]
    events = {number: who.event(number) for number in ids}
    cost = sum(event["cost"] for event in events.values())
    told = at(gateway, "/api/ai/usage", who).json
    assert told["total"] == 3
    assert [record["id"] for record in told["records"]] == ids[::-1]
    for record in told["records"]:
        event = events[record["id"]]
        assert round(record["cost"] * money.NANO_PER_USD) == event["cost"] > 0
        assert record["totalTokens"] == event["input_tokens"] + event["output_tokens"]
        assert (record["model"], record["configId"]) == (name, None)
        assert record["inputModality"] == ["text"]
    page = at(gateway, "/api/ai/usage?limit=1&offset=1", who).json
    assert [record["id"] for record in page["records"]] == [ids[1]]
    summary = at(gateway, "/api/ai/usage/summary", who).json
    assert (summary["totalRequests"], round(summary["totalCost"] * money.NANO_PER_USD)) == (3, cost)
    assert summary["byModel"][name]["requests"] == 3
    credit = at(gateway, "/api/ai/credits", who).json
    assert round(credit["usage"] * money.NANO_PER_USD) == cost
    assert round(credit["credits"] * money.NANO_PER_USD) == money.from_usd("100") - cost
    assert at(gateway, "/api/ai/usage", other).json == {"records": [], "total": 0}
    assert at(gateway, "/api/ai/usage/summary", other).json["byModel"] == {}


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ("startDate=yesterday", "startDate"),
        ("startDate=2026-02-01&endDate=2026-01-01", "startDate"),
        ("endDate=0001-01-01", "endDate"),
        ("limit=101", "limit"),
        ("offset=-1", "offset"),
        ("offset=10001", "offset"),
        ("page=2", "page"),
    ],
)
def test_what_is_wrong_is_named(gateway: Gateway, asked: str, field: str) -> None:
    told = at(gateway, f"/api/ai/usage?{asked}", customer())
    assert told.refusal == (400, "VALIDATION_ERROR")
    assert told.json["detail"].startswith(f"{field}: ")


def test_days_that_the_plan_shows_no_more_have_no_records(gateway: Gateway) -> None:
    asked = "startDate=2026-01-01&endDate=2026-01-31"
    who = customer(retention_days=3)
    assert at(gateway, f"/api/ai/usage?{asked}", who).json == {"records": [], "total": 0}


def test_days_may_be_named_by_their_moments(gateway: Gateway) -> None:
    asked = "startDate=2026-01-01T00:00:00Z&endDate=2026-01-31T23:59:59.999Z"
    assert at(gateway, f"/api/ai/usage?{asked}", customer()).json == {"records": [], "total": 0}
