"""Requests that say who may serve them."""

from typing import Any

import pytest

from catalog.models import Endpoint, Model, Multiplier, PriceVersion
from kernel import clock
from tests.fakes.cast import RATES, Customer, customer, model
from tests.fakes.gateway import Gateway

pytestmark = pytest.mark.usefixtures("committed")

OPENAI = {"Accept": "application/json"}
CHEAP = {"input": 1_000_000, "cached": 1_000_000, "output": 2_000_000, "reasoning": 2_000_000}


def slugs(name: str) -> list[str]:
    """Return the providers of a model's chain, in order."""
    hops = Endpoint.objects.filter(hops__chain__model__public_id=name).order_by("hops__position")
    return list(hops.values_list("provider__slug", flat=True))


def booked_model(who: Customer) -> str:
    (event,) = who.events()
    return Model.objects.get(pk=event["model_id"]).public_id


@pytest.mark.parametrize("stream", [False, True])
def test_the_next_model_serves_where_the_first_fails_and_is_the_one_that_is_charged(
    gateway: Gateway, sandbox: str, stream: bool
) -> None:
    who = customer(request_weights=[["*", 1]])
    broken = model((sandbox, "error-500"))
    good = model((sandbox, "words"), rates=CHEAP)
    gateway.knows(who.secret, broken, good)
    heard = gateway.chat(who.secret, broken, stream=stream, models=[good], max_tokens=20)
    assert heard.status == 200
    assert heard.headers["x-router-model"] == good
    assert heard.headers["x-router-fallback"] == "true"
    assert f'"{good}"'.encode() in heard.body
    (event,) = who.events()
    assert booked_model(who) == good
    assert PriceVersion.objects.get(pk=event["price_version_id"]).model.public_id == good
    assert event["cost"] == event["input_tokens"] * 1000 + event["output_tokens"] * 2000 > 0
    assert (who.account()["held"], who.account()["unbilled"]) == (0, event["cost"])


def test_the_hold_is_the_greatest_of_all_and_so_is_the_weight_until_it_is_settled(
    gateway: Gateway, sandbox: str
) -> None:
    dear = model((sandbox, "words"), rates={**RATES, "output": 800_000_000})
    cheap = model((sandbox, "words"), rates=CHEAP)
    who = customer(credit_usd="0.01", day_cap=5, request_weights=[[dear, 4]])
    gateway.knows(who.secret, dear, cheap)
    refused = gateway.chat(who.secret, cheap, models=[dear], max_tokens=100, headers=OPENAI)
    assert (refused.status, refused.headers["x-error-code"]) == (402, "INSUFFICIENT_CREDITS")
    heard = gateway.chat(who.secret, cheap, models=[dear], max_tokens=5, headers=OPENAI)
    assert heard.status == 200
    (event,) = who.events()
    assert (event["weight"], who.account()["day_count"]) == (1, 1)
    again = gateway.chat(who.secret, cheap, models=[dear], max_tokens=5, headers=OPENAI)
    assert again.status == 200
    full = gateway.chat(who.secret, cheap, models=[dear], max_tokens=5, headers=OPENAI)
    assert (full.status, full.headers["x-error-code"]) == (429, "DAILY_REQUEST_LIMIT_EXCEEDED")


@pytest.mark.parametrize("stream", [False, True])
def test_what_no_provider_answered_counts_for_no_limit(gateway: Gateway, sandbox: str, stream: bool) -> None:
    who, name = customer(day_cap=3), model((sandbox, "error-500"))
    gateway.knows(who.secret, name)
    assert gateway.chat(who.secret, name, stream=stream).status == 502
    account = who.account()
    assert [account[f"{window}_count"] for window in ("minute", "hour", "day")] == [0, 0, 0]
    assert who.events()[0]["weight"] == 0


def test_the_order_is_the_callers_where_it_says_one(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "words"), (sandbox, "words"), (sandbox, "words"))
    gateway.knows(who.secret, name)
    one, two, three = slugs(name)

    def served(**provider: Any) -> str:
        heard = gateway.chat(who.secret, name, max_tokens=5, provider=provider)
        return heard.headers.get("x-router-provider", heard.body.decode())

    assert served() == one
    assert served(order=[three.upper()]) == three
    assert served(ignore=[one]) == two
    assert served(only=[two, three], order=["nobody", three]) == three
    refused = gateway.chat(who.secret, name, provider={"only": ["nobody"]}, headers=OPENAI)
    assert (refused.status, refused.json["error"]["param"]) == (400, "provider.only")


def test_without_fallbacks_one_provider_is_asked(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "error-500"), (sandbox, "words"))
    gateway.knows(who.secret, name)
    heard = gateway.chat(who.secret, name, provider={"allow_fallbacks": False})
    assert heard.status == 502
    assert slugs(name)[1] not in heard.headers["x-tollway-attempts"]


def test_a_limit_of_price_is_kept_to_the_last_digit_and_after_multipliers(
    gateway: Gateway, sandbox: str
) -> None:
    who = customer()
    dear, cheap = model((sandbox, "words")), model((sandbox, "words"), rates=CHEAP)
    gateway.knows(who.secret, dear, cheap)
    most = {"max_price": {"prompt": 1, "completion": 2}}
    heard = gateway.chat(who.secret, dear, models=[cheap], provider=most, max_tokens=5)
    assert (heard.status, heard.headers["x-router-model"]) == (200, cheap)
    Multiplier.objects.create(
        scope="model", target=cheap, factor_ppm=1_000_001, valid_from=clock.now(), reason="test"
    )

    def refused() -> bool:
        answer = gateway.chat(who.secret, dear, models=[cheap], provider=most, max_tokens=5, headers=OPENAI)
        return answer.status == 400 and answer.json["error"]["param"] == "provider.max_price"

    gateway.eventually(refused, within=5)


def test_floor_asks_for_the_cheapest_provider(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "words"), (sandbox, "words"))
    one, two = slugs(name)
    Multiplier.objects.create(
        scope="provider", target=one, factor_ppm=2_000_000, valid_from=clock.now(), reason="test"
    )
    gateway.knows(who.secret, name)
    gateway.eventually(
        lambda: gateway.chat(who.secret, f"{name}:floor", max_tokens=5).headers["x-router-provider"] == two,
        within=5,
    )
    heard = gateway.chat(who.secret, name, max_tokens=5)
    assert (heard.headers["x-router-provider"], heard.headers["x-router-model"]) == (one, name)


def test_auto_is_the_first_of_the_plans_models_that_can_do_what_is_asked(
    gateway: Gateway, sandbox: str
) -> None:
    plain = model((sandbox, "words"), rates=CHEAP)
    tools = model((sandbox, "words"), supported_parameters=["tools", "tool_choice"])
    sees = model((sandbox, "words"), input_modalities=["text", "image"])
    who = customer(auto_models=["route/gone", plain, tools, sees])
    gateway.knows(who.secret, plain, tools, sees)

    def served(**fields: Any) -> str:
        heard = gateway.chat(who.secret, "auto", max_tokens=5, **fields)
        return heard.headers.get("x-router-model", heard.body.decode())

    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    assert served() == plain
    assert served(tools=[tool]) == tools
    assert served(messages=[{"role": "user", "content": [picture]}]) == sees
    assert served(provider={"max_price": {"prompt": 1}}) == plain
    refused = gateway.chat(
        who.secret, "auto", tools=[tool], provider={"max_price": {"prompt": 1}}, headers=OPENAI
    )
    assert (refused.status, refused.json["error"]["param"]) == (400, "provider.max_price")
    assert booked_models(who) == [plain, tools, sees, plain]


def booked_models(who: Customer) -> list[str]:
    names = dict(Model.objects.values_list("pk", "public_id"))
    return [names[event["model_id"]] for event in who.events()]


def test_auto_without_a_model_says_so(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "words"))
    gateway.knows(who.secret, name)
    refused = gateway.chat(who.secret, "auto", headers=OPENAI)
    assert (refused.status, refused.headers["x-error-code"]) == (400, "INVALID_MODEL")
    assert "auto" in refused.json["error"]["message"]


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"models": ["route/none"]}, "INVALID_MODEL", "models[0]"),
        ({"provider": {"zdr": True}}, "VALIDATION_ERROR", "provider.zdr"),
        ({"temperature": 1, "provider": {"require_parameters": True}}, "VALIDATION_ERROR", "provider.require_parameters"),
    ],
)  # fmt: skip
def test_wishes_that_cannot_be_kept_are_refused_and_cost_nothing(
    gateway: Gateway, sandbox: str, fields: dict[str, Any], code: str, param: str
) -> None:
    who, name = customer(), model((sandbox, "words"))
    gateway.knows(who.secret, name)
    refused = gateway.chat(who.secret, name, headers=OPENAI, **fields)
    assert (refused.status, refused.headers["x-error-code"]) == (400, code)
    assert refused.json["error"]["param"] == param
    assert who.events() == []


def test_no_wish_goes_upstream(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "echo"))
    gateway.knows(who.secret, name)
    heard = gateway.chat(who.secret, name, models=[name], provider={"order": slugs(name)})
    assert heard.status == 200


def test_a_conversation_stays_where_it_went_and_results_of_tools_with_it(
    gateway: Gateway, sandbox: str
) -> None:
    who = customer()
    name = model((sandbox, "recovering-1"), (sandbox, "words"), (sandbox, "words"))
    one, two, _ = slugs(name)
    gateway.knows(who.secret, name)
    said: list[dict[str, Any]] = [{"role": "user", "content": f"Hi from {name}."}]

    def served(messages: list[dict[str, Any]]) -> str:
        return gateway.chat(who.secret, name, messages=messages, max_tokens=5).headers["x-router-provider"]

    assert served(said) == two  # the first failed once
    assert served([*said, {"role": "assistant", "content": "Hello."}, *said]) == two
    assert served([{"role": "user", "content": "Somebody else."}]) == one
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    results = [
        *said,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "4"},
    ]
    assert served(results) == two
