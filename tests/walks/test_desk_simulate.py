"""A simulated request: told as the walk would go, and nothing of it happens."""

from decimal import Decimal
from typing import Any

import pytest

from catalog.models import Endpoint, Multiplier
from kernel import clock, money
from tests.fakes.cast import Customer, customer, model
from tests.fakes.desk import ask
from tests.fakes.gateway import Gateway
from tests.fakes.signed_in import signed_in

pytestmark = pytest.mark.usefixtures("committed")

NOWHERE = "http://127.0.0.1:9"
PROMPT = [{"role": "user", "content": "What is a limit?"}]


def simulated(gateway: Gateway, who: Customer, model: str, **fields: Any) -> dict[str, Any]:
    body = {"model": model, "messages": PROMPT, **fields}
    told: dict[str, Any] = ask(gateway, who.secret, "/route/simulate", body).data
    return told


def untouched(who: Customer) -> bool:
    account = who.account()
    return who.events() == [] and not who.open_requests() and account["held"] == account["day_count"] == 0


def test_lists_the_hops_in_order_and_neither_url_nor_upstream_model(gateway: Gateway) -> None:
    who, name = customer(), model((NOWHERE, "secret-one"), (NOWHERE, "secret-two"))
    gateway.knows(who.secret, name)
    providers = list(
        Endpoint.objects.filter(hops__chain__model__public_id=name)
        .order_by("hops__position")
        .values_list("provider__slug", flat=True)
    )
    told = simulated(gateway, who, name)
    assert [hop["provider_name"] for hop in told["hops"]] == providers
    assert [hop["position"] for hop in told["hops"]] == [1, 2]
    assert (told["admitted"], told["refusal"]) == (True, None)
    text = ask(gateway, who.secret, "/route/simulate", {"model": name}).text
    assert "secret" not in text
    assert "127.0.0.1" not in text
    assert untouched(who)


def test_tells_the_terms_and_the_price_with_its_multipliers(gateway: Gateway) -> None:
    name = model((NOWHERE, "m"), tier="lite", max_output_tokens=500)
    who = customer(day_cap=9, request_weights=[[name, 3]])
    Multiplier.objects.create(
        scope="model", target=name, factor_ppm=1_500_000, valid_from=clock.now(), reason="test"
    )
    gateway.knows(who.secret, name)
    gateway.eventually(lambda: bool(simulated(gateway, who, name)["hops"][0]["multipliers"]), within=3)
    told = simulated(gateway, who, name)
    assert told["hops"][0]["multipliers"] == [{"scope": "model", "target": name, "factor": "1.5"}]
    assert told["terms"].items() >= {
        ("plan", who.workspace.plan_version.plan.slug),
        ("model_tier", "lite"),
        ("request_weight", 3),
        ("max_tokens", 500),
        ("requests_per_day", 9),
        ("requests_per_hour", None),
    }
    rates = {rate["class"]: rate["rate_per_million"] for rate in told["price"]["rates"]}
    assert rates == {"input": "2.000000", "cached": "0.500000", "output": "8.000000", "reasoning": "9.000000"}
    # The most 50 tokens of output can cost is at the rate of reasoning.
    assert Decimal(simulated(gateway, who, name, max_tokens=50)["hold"]) >= Decimal("0.000675")


def test_holds_what_the_walk_holds(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "hang"))
    gateway.knows(who.secret, name)
    body = {"model": name, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 100, "stream": True}
    with gateway.asking(who.secret, name, max_tokens=100, stream=True):
        gateway.eventually(lambda: who.open_requests() == 1, within=5)
        told = ask(gateway, who.secret, "/route/simulate", body).data
        assert money.from_usd(told["hold"]) == who.account()["held"]


@pytest.mark.parametrize(
    ("terms", "credit", "fields", "code"),
    [
        ({"tiers": ["free"]}, "100", {}, "MODEL_NOT_ALLOWED"),
        ({"minute_cap": 0}, "100", {}, "MINUTE_REQUEST_LIMIT_EXCEEDED"),
        ({"stream_cap": 0}, "100", {"stream": True}, "CONCURRENT_STREAM_LIMIT_EXCEEDED"),
        ({}, "0", {}, "INSUFFICIENT_CREDITS"),
        ({}, "100", {"max_tokens": 0}, "VALIDATION_ERROR"),
    ],
)
def test_is_refused_as_the_walk_refuses(
    gateway: Gateway, terms: dict[str, Any], credit: str, fields: dict[str, Any], code: str
) -> None:
    who, other = customer(credit_usd=credit, **terms), customer()
    name = model((NOWHERE, "m"), tier="lite")
    gateway.knows(other.secret, name)
    gateway.knows(who.secret)
    walked = gateway.chat(who.secret, name, messages=PROMPT, **fields)
    told = simulated(gateway, who, name, **fields)
    assert told["admitted"] is False
    assert told["refusal"]["code"] == walked.headers["x-error-code"] == code
    assert told["refusal"]["status"] == walked.status
    if fields.get("stream") is None:
        assert told["refusal"]["message"].partition("resets at")[0] in walked.body.decode()
    assert untouched(who)


def test_cuts_a_prompt_as_the_walk_cuts_it(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "words"), context_length=600, max_output_tokens=20)
    gateway.knows(who.secret, name)
    long = [{"role": "user", "content": "word " * 300}, {"role": "assistant", "content": "Yes."}, *PROMPT] * 2
    told = simulated(gateway, who, name, messages=long, transforms=["truncate"])
    assert told["messages_dropped"] > 0
    assert told["admitted"]
    walked = gateway.chat(who.secret, name, messages=long, transforms=["truncate"])
    assert walked.headers["x-tollway-truncated"] == str(told["messages_dropped"])
    refused = simulated(gateway, who, name, messages=long)["refusal"]
    assert refused["code"] == "CONTEXT_LENGTH_EXCEEDED"


def test_reads_the_body_as_the_models_kind_of_request(gateway: Gateway) -> None:
    name = model((NOWHERE, "m"), capability="embedding", rates={"input": 20_000})
    who = customer()
    gateway.knows(who.secret, name)
    body = {"model": name, "input": "What is a limit?"}
    told = ask(gateway, who.secret, "/route/simulate", body).data
    assert (told["admitted"], told["terms"]["max_tokens"]) == (True, 0)
    assert told["price"]["rates"] == [
        {"class": "input", "above_prompt_tokens": 0, "rate_per_million": "0.020000"}
    ]
    refused = ask(gateway, who.secret, "/route/simulate", {"model": name}).data["refusal"]
    assert refused["code"] == "VALIDATION_ERROR"


def test_of_who_may_only_look_is_refused(gateway: Gateway) -> None:
    who, name = customer(), model((NOWHERE, "m"))
    gateway.knows(who.secret, name)
    viewer = signed_in(who.workspace, role="viewer")
    told = ask(gateway, viewer.bearer, "/route/simulate", {"model": name}).data
    assert told["refusal"]["code"] == "AUTHORIZATION_ERROR"


def test_of_an_unknown_model_is_refused(gateway: Gateway) -> None:
    who = customer()
    gateway.knows(who.secret)
    told = simulated(gateway, who, "route/none")
    assert (told["model"], told["refusal"]["code"], told["hops"]) == ("route/none", "INVALID_MODEL", None)


def test_of_what_is_no_object_is_an_error(gateway: Gateway) -> None:
    who = customer()
    gateway.knows(who.secret)
    assert ask(gateway, who.secret, "/route/simulate", [1]).refusal == (400, "VALIDATION_ERROR")
