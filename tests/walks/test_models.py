"""The list of models."""

import re
import secrets
import urllib.error
from typing import Any

import openai
import pytest

from catalog.models import Model, Plan, PlanVersion
from kernel import clock
from tests.fakes.cast import customer, model
from tests.fakes.exchange import Told, ask
from tests.fakes.gateway import Gateway

pytestmark = pytest.mark.usefixtures("committed")


def listing(gateway: Gateway, secret: str | None, query: str = "", **headers: str) -> Told:
    if secret is not None:
        headers["X-API-Key"] = secret
    return ask("GET", f"{gateway.base_url}/models{query}", headers=headers)


def ids(told: Told) -> list[str]:
    assert told.status == 200, told.body
    return [item["id"] for item in told.json["data"]]


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


def test_keeps_to_the_models_of_the_key(gateway: Gateway, sandbox: str) -> None:
    who, mine, other = customer(), model((sandbox, "m")), model((sandbox, "m"))
    who.key.allowed_models = [mine]
    who.key.save()
    gateway.knows(customer().secret, mine, other)
    assert ids(listing(gateway, who.secret)) == [mine]


def test_shows_no_model_of_the_key_beyond_the_plan(gateway: Gateway, sandbox: str) -> None:
    who, mine, dear = customer(tiers=["free"]), model((sandbox, "m")), model((sandbox, "m"), tier="max")
    who.key.allowed_models = [mine, dear]
    who.key.save()
    gateway.knows(customer().secret, mine, dear)
    gateway.knows(who.secret, mine)
    assert ids(listing(gateway, who.secret)) == [mine]


def test_describes_a_model_as_every_kind_of_client_expects(gateway: Gateway, sandbox: str) -> None:
    who = customer()
    name = model(
        (sandbox, "m"),
        description="Sees.",
        input_modalities=["text", "image"],
        supported_parameters=["tools"],
        expires_on="2031-02-03",
        tokenizer="gpt",
    )
    gateway.knows(who.secret, name)
    item = gateway.models(who.secret)[name]
    assert {
        key: item[key] for key in ("context_length", "max_output_tokens", "capability", "description")
    } == {
        "context_length": 131_072,
        "max_output_tokens": 8_192,
        "capability": "chat",
        "description": "Sees.",
    }
    assert item["architecture"] == {
        "input_modalities": ["text", "image"],
        "output_modalities": ["text"],
        "modality": "text+image->text",
        "tokenizer": "gpt",
        "instruct_type": None,
    }
    assert item["top_provider"]["max_completion_tokens"] == item["limit"]["output"] == 8_192
    assert item["modalities"] == {"input": ["text", "image"], "output": ["text"]}
    assert item["supported_parameters"] == ["tools"]
    assert (item["expiration_date"], item["default_parameters"], item["per_request_limits"]) == (
        "2031-02-03",
        None,
        None,
    )


def test_prices_in_exact_strings(gateway: Gateway, sandbox: str) -> None:
    who = customer()
    name = model((sandbox, "m"), rates={"input": 492_800, "cached": 0, "output": 5_000_000})
    gateway.knows(who.secret, name)
    assert gateway.models(who.secret)[name]["pricing"] == {
        "prompt": "0.0000004928",
        "completion": "0.00000500",
        "request": "0",
        "image": "0",
        "web_search": "0",
        "internal_reasoning": "0.00000500",
        "input_cache_read": "0",
        "input_cache_write": "0.0000004928",
    }


def test_leaves_out_what_has_no_price_yet(gateway: Gateway, sandbox: str) -> None:
    who = customer()
    facts = {"tier": "free", "context_length": 9, "max_output_tokens": 1, "created_at": clock.now()}
    bare = Model.objects.create(public_id=f"route/{secrets.token_hex(6)}", name="x", author="t", **facts)
    bare.chains.create(version=1, status="live", published_at=clock.now())
    priced = model((sandbox, "m"))
    gateway.knows(who.secret, priced)
    assert bare.public_id not in gateway.models(who.secret)
    told = ask("GET", f"{gateway.base_url}/models/{bare.public_id}", headers={"X-API-Key": who.secret})
    assert told.status == 404


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


@pytest.fixture
def shop(gateway: Gateway, sandbox: str) -> tuple[str, dict[str, str]]:
    """Return the key of a customer who may call three models, and those by what is special about them."""
    facts: dict[str, dict[str, Any]] = {
        "cheap": {"rates": {"input": 100_000, "output": 200_000}, "context_length": 8_192},
        "seeing": {"input_modalities": ["text", "image"], "supported_parameters": ["tools", "seed"]},
        "embedding": {
            "capability": "embedding",
            "output_modalities": ["embedding"],
            "max_output_tokens": 1,
            "rates": {"input": 3_000_000, "output": 0},
            "description": "Turns Words into Numbers.",
        },
    }
    named = {word: model((sandbox, "m"), **fact) for word, fact in facts.items()}
    who = customer()
    who.key.allowed_models = list(named.values())
    who.key.save()
    gateway.knows(who.secret, *named.values())
    return who.secret, named


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=numbers+WORDS", {"embedding"}),
        ("?q=words+without", set()),
        ("?supported_parameters=tools", {"seeing"}),
        ("?supported_parameters=tools,top_k", set()),
        ("?input_modalities=image,text", {"seeing"}),
        ("?output_modalities=embedding", {"embedding"}),
        ("?output_modalities=all", {"cheap", "seeing", "embedding"}),
        ("?category=chat", {"cheap", "seeing"}),
        ("?category=vision", {"seeing"}),
        ("?context=8193", {"seeing", "embedding"}),
        ("?min_price=0.1&max_price=2", {"cheap", "seeing"}),
        ("?min_price=0.100001", {"seeing", "embedding"}),
        ("?max_price=0.1", {"cheap"}),
        ("?provider=nobody", set()),
        ("?colour=red", {"cheap", "seeing", "embedding"}),
    ],
)
def test_filters(gateway: Gateway, shop: tuple[str, dict[str, str]], query: str, found: set[str]) -> None:
    secret, named = shop
    assert set(ids(listing(gateway, secret, query))) == {named[word] for word in found}
    counted = ask("GET", f"{gateway.base_url}/models/count{query}", headers={"X-API-Key": secret})
    assert counted.json == {"data": {"count": len(found)}}


def test_sorts_and_pages(gateway: Gateway, shop: tuple[str, dict[str, str]]) -> None:
    secret, named = shop
    cheap, embedding, seeing = named["cheap"], named["embedding"], named["seeing"]
    assert ids(listing(gateway, secret, "?sort=pricing-low-to-high")) == [cheap, embedding, seeing]
    assert ids(listing(gateway, secret, "?sort=pricing-high-to-low&limit=1&offset=1")) == [embedding]
    assert ids(listing(gateway, secret, "?sort=context-high-to-low"))[-1] == cheap
    assert ids(listing(gateway, secret, "?offset=3")) == []


@pytest.mark.parametrize(
    "query",
    [
        "?limit=0",
        "?limit=1001",
        "?offset=-1",
        "?offset=1&offset=2",
        "?context=many",
        "?min_price=1e9",
        "?max_price=-1",
        "?max_price=NaN",
        "?sort=loudest",
        "?category=poetry",
        "?use_rss=maybe",
    ],
)
def test_refuses_a_bad_value_by_its_name(gateway: Gateway, query: str) -> None:
    name = re.split(r"[?=]", query)[1]
    told = listing(gateway, None, query)
    assert told.refusal == (400, "VALIDATION_ERROR")
    assert told.body.decode().startswith(f"{name} ")


def test_refuses_an_address_with_countless_parameters(gateway: Gateway) -> None:
    told = listing(gateway, None, "?" + "&".join(["a=1"] * 1001))
    assert told.refusal == (400, "VALIDATION_ERROR")


def test_is_not_sent_twice_to_who_has_it(gateway: Gateway, shop: tuple[str, dict[str, str]]) -> None:
    secret, _ = shop
    first = listing(gateway, secret)
    assert first.headers["etag"].startswith('W/"')
    assert first.headers["cache-control"] == "no-store"
    again = listing(gateway, secret, **{"If-None-Match": f'"x", {first.headers["etag"]}'})
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert "content-length" not in again.headers
    assert listing(gateway, secret, **{"If-None-Match": '"x"'}).status == 200


def test_may_be_kept_for_a_minute_by_anybody_if_nobody_asked(gateway: Gateway) -> None:
    told = listing(gateway, None)
    assert told.headers["cache-control"] == "public, max-age=60"
    assert told.headers["vary"] == "Authorization, X-API-Key, Cookie"
    assert told.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("path", ["/models", "/models.rss", "/status", "/settings"])
def test_answers_head_with_the_headers_alone(gateway: Gateway, path: str) -> None:
    told = ask("HEAD", gateway.base_url + path)
    assert (told.status, told.body) == (200, b"")
    assert int(told.headers["content-length"]) > 0


def test_takes_no_other_method(gateway: Gateway) -> None:
    told = ask("POST", f"{gateway.base_url}/models", {})
    assert told.refusal == (405, "METHOD_NOT_ALLOWED")
    assert set(told.headers["allow"].split(", ")) == {"GET", "HEAD"}
