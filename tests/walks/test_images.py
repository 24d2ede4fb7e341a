"""Pictures, from the caller to the usage event."""

from base64 import b64decode
from typing import Any

import openai
import pytest

from tests.fakes.caller import Heard, call
from tests.fakes.cast import Customer, customer, model
from tests.fakes.gateway import Gateway
from tests.fakes.scripted import answer, scripted

pytestmark = pytest.mark.usefixtures("committed")

MICRO = 10**6
RATES = {"input": 5 * MICRO, "image": 40_000 * MICRO}  # 5 USD per million tokens, 0.04 USD a picture
LINK = {"url": "https://pictures.example/1"}


def image_model(*hops: tuple[str, str], **facts: Any) -> str:
    return model(*hops, **{"rates": RATES, "capability": "image", **facts})


def ask(gateway: Gateway, who: Customer, name: str, **fields: Any) -> Heard:
    body = {"model": name, "prompt": "A fox in the snow", **fields}
    return call(
        gateway.base_url, "/images/generations", body, headers={"X-API-Key": who.secret}, patience_s=60
    )


def pictures(number: int, **fields: Any) -> dict[str, Any]:
    return {"created": 1, "data": [LINK] * number, **fields}


def cost_of(tokens: int, images: int) -> int:
    return tokens * 5_000 + images * 40_000_000


def test_are_given_to_the_sdk_and_charged_by_the_piece(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), image_model((sandbox, "image"))
    gateway.knows(who.secret, name)
    with openai.OpenAI(base_url=gateway.base_url, api_key=who.secret, max_retries=0, timeout=20) as sdk:
        raw = sdk.images.with_raw_response.generate(
            model=name, prompt="A fox in the snow", n=2, size="1024x1024", response_format="b64_json"
        )
    reply, event = raw.parse(), who.event(raw.headers["x-request-id"])
    assert reply.data is not None
    assert [b64decode(item.b64_json or "")[:4] for item in reply.data] == [b"\x89PNG"] * 2
    told = reply.model_dump()
    assert (told["model"], told["provider"]) == (name, raw.headers["x-tollway-provider"])
    assert (event["status"], event["images"], event["output_tokens"]) == ("ok", 2, 0)
    assert event["cost"] == cost_of(event["input_tokens"], 2) <= event["hold"]
    assert told["credits_charged"] == event["cost"] / 1e9
    assert raw.headers["x-tollway-cost"] == f"{event['cost'] / 1e9:.9f}"
    assert who.account()["unbilled"] == event["cost"]
    assert (who.account()["held"], who.open_requests()) == (0, 0)


def test_are_charged_as_they_came_and_held_as_they_were_asked_for(gateway: Gateway) -> None:
    with scripted(answer(pictures(2, usage={"input_tokens": 9}))) as upstream:
        who, name = customer(), image_model((upstream.base_url, "m"))
        gateway.knows(who.secret, name)
        heard = ask(gateway, who, name, n=4)
    (event,) = who.events()
    assert len(heard.json["data"]) == 2
    assert (event["images"], event["input_tokens"]) == (2, 9)
    assert event["cost"] == cost_of(9, 2)
    assert event["hold"] >= cost_of(0, 4)
    assert who.account()["held"] == 0


def test_beyond_those_asked_for_are_neither_given_nor_charged(gateway: Gateway) -> None:
    with scripted(answer(pictures(3))) as upstream:
        who, name = customer(), image_model((upstream.base_url, "m"))
        gateway.knows(who.secret, name)
        heard = ask(gateway, who, name)
    (event,) = who.events()
    assert (len(heard.json["data"]), event["images"]) == (1, 1)
    assert event["cost"] <= event["hold"]


def test_may_be_sold_by_the_piece_alone(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), image_model((sandbox, "image"), rates={"image": RATES["image"]})
    gateway.knows(who.secret, name)
    assert ask(gateway, who, name).status == 200
    (event,) = who.events()
    assert (event["input_tokens"], event["images"], event["cost"]) == (0, 1, 40_000_000)
    assert event["hold"] == 40_000_000
    assert not event["suspect"]


def test_are_not_sold_without_a_price_for_pictures(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), image_model((sandbox, "image"), rates={"input": 1, "output": 1})
    gateway.knows(who.secret, name)
    heard = ask(gateway, who, name)
    assert (heard.status, heard.headers["x-error-code"]) == (400, "INVALID_MODEL")


@pytest.mark.parametrize(
    ("weights", "counted"),
    [([], 5), ([["*", 2]], 2), ([["other/*", 3]], 5)],
    ids=["unnamed", "named", "another named"],
)
def test_count_as_five_requests_unless_the_plan_says_otherwise(
    gateway: Gateway, sandbox: str, weights: list[Any], counted: int
) -> None:
    who, name = customer(day_cap=7, request_weights=weights), image_model((sandbox, "image"))
    gateway.knows(who.secret, name)
    heard = ask(gateway, who, name)
    assert who.event(heard.headers["x-request-id"])["weight"] == counted
    assert heard.headers["ratelimit-remaining"] == str(7 - counted)


def test_come_only_when_five_requests_are_left(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(day_cap=9), image_model((sandbox, "image"))
    gateway.knows(who.secret, name)
    assert ask(gateway, who, name).status == 200
    heard = ask(gateway, who, name)
    assert (heard.status, heard.headers["x-error-code"]) == (429, "DAILY_REQUEST_LIMIT_EXCEEDED")
    assert who.account()["unbilled"] == who.events()[0]["cost"]


def test_are_asked_for_upstream_by_the_fields_of_the_caller(gateway: Gateway) -> None:
    with scripted(answer(pictures(1))) as upstream:
        who, name = customer(), image_model((upstream.base_url, "up/m"))
        gateway.knows(who.secret, name)
        fields = {"quality": "high", "aspect_ratio": "16:9", "seed": 7}
        heard = ask(gateway, who, name, **fields, response_format="url", api_key="x")
    (seen,) = upstream.seen
    assert seen.path == "/v1/images/generations"
    assert seen.json == {"model": "up/m", "prompt": "A fox in the snow", "response_format": "url", **fields}
    assert set(heard.json) == {"created", "data", "model", "provider", "credits_charged"}


@pytest.mark.parametrize("wrong", [{"data": []}, {"data": [{}]}, {"data": None}, {"created": 1}])
def test_that_are_none_are_a_failure_of_the_provider(gateway: Gateway, wrong: Any) -> None:
    with scripted(answer(wrong), answer(pictures(1))) as upstream:
        who = customer()
        name = image_model((upstream.base_url, "m"), (upstream.base_url, "m"))
        gateway.knows(who.secret, name)
        heard = ask(gateway, who, name)
    assert (heard.status, heard.json["data"]) == (200, [LINK])
    assert ":bad_body," in heard.headers["x-tollway-attempts"]


def test_that_fail_everywhere_cost_nothing(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), image_model((sandbox, "error-500"))
    gateway.knows(who.secret, name)
    heard = ask(gateway, who, name)
    event = who.event(heard.headers["x-request-id"])
    assert (heard.status, heard.headers["x-error-code"]) == (502, "PROVIDER_ERROR")
    assert (event["status"], event["cost"], event["images"]) == ("failed", 0, 0)
    assert (who.account()["held"], who.account()["unbilled"]) == (0, 0)


def test_of_sixty_megabytes_pass(gateway: Gateway) -> None:
    picture = "iVBORw0KGgo" + "A" * (6 * 2**20)
    data = [{"b64_json": picture}] * 10
    with scripted(answer({"created": 1, "data": data})) as upstream:
        who, name = customer(), image_model((upstream.base_url, "m"))
        gateway.knows(who.secret, name)
        heard = ask(gateway, who, name, n=10, response_format="base64")
    assert heard.status == 200
    assert heard.whole
    assert [item == {"b64_json": picture} for item in heard.json["data"]] == [True] * 10
    assert who.events()[0]["images"] == 10


def test_are_refused_when_two_shapes_contradict_each_other(gateway: Gateway) -> None:
    heard = call(
        gateway.base_url,
        "/images/generations",
        {"model": "m", "prompt": "x", "size": "1x1", "aspect_ratio": "1:1"},
        headers={"X-API-Key": customer().secret, "Accept": "application/json"},
    )
    assert (heard.status, heard.json["error"]["param"]) == (400, "size")
