"""Embeddings, from the caller to the usage event."""

import struct
from base64 import b64encode
from typing import Any

import openai
import pytest

from inference.pseudonyms import stand_in
from tests.fakes.caller import Heard, call
from tests.fakes.cast import Customer, customer, model
from tests.fakes.gateway import Gateway
from tests.fakes.scripted import answer, scripted

pytestmark = pytest.mark.usefixtures("committed")

RATES = {"input": 130_001}  # an odd figure, so that the rounding shows
TEXTS = ["What is a rate limiter?", "A limit on rates."]


def embedding_model(*hops: tuple[str, str], **facts: Any) -> str:
    return model(*hops, **{"rates": RATES, "capability": "embedding", "max_output_tokens": 1, **facts})


def ask(gateway: Gateway, who: Customer, name: str, **fields: Any) -> Heard:
    body = {"model": name, "input": TEXTS, **fields}
    return call(gateway.base_url, "/embeddings", body, headers={"X-API-Key": who.secret})


def cost_of(tokens: int) -> int:
    return (tokens * RATES["input"] + 500) // 1000


def listed(*vectors: Any, **fields: Any) -> dict[str, Any]:
    items = [{"object": "embedding", "index": n, "embedding": each} for n, each in enumerate(vectors)]
    return {"object": "list", "data": items, "model": "up/m", "id": "theirs", **fields}


@pytest.fixture
def client(gateway: Gateway) -> Any:
    who = customer()
    with openai.OpenAI(base_url=gateway.base_url, api_key=who.secret, max_retries=0, timeout=20) as client:
        yield client, who


def test_are_given_to_the_sdk_and_charged_to_the_nano(gateway: Gateway, sandbox: str, client: Any) -> None:
    (sdk, who), name = client, embedding_model((sandbox, "embedding"))
    gateway.knows(who.secret, name)
    raw = sdk.embeddings.with_raw_response.create(model=name, input=TEXTS)
    reply, event = raw.parse(), who.event(raw.headers["x-request-id"])
    assert [len(item.embedding) for item in reply.data] == [256, 256]
    assert (reply.object, reply.model, reply.provider) == ("list", name, raw.headers["x-tollway-provider"])
    assert (event["status"], event["usage_source"], event["finish_reason"]) == ("ok", "upstream", "")
    assert event["input_tokens"] == reply.usage.prompt_tokens == reply.usage.total_tokens > 0
    assert event["output_tokens"] == 0
    assert event["cost"] == cost_of(event["input_tokens"])
    assert raw.headers["x-tollway-cost"] == f"{event['cost'] / 1e9:.9f}"
    assert reply.usage.cost == event["cost"] / 1e9
    assert event["cost"] <= event["hold"]
    assert who.account()["unbilled"] == event["cost"]
    assert (who.account()["held"], who.open_requests()) == (0, 0)


def test_are_the_same_in_both_forms(gateway: Gateway, sandbox: str, client: Any) -> None:
    (sdk, who), name = client, embedding_model((sandbox, "embedding"))
    gateway.knows(who.secret, name)
    asked_for = {"model": name, "input": "One text", "dimensions": 32}
    usual = sdk.embeddings.create(**asked_for)  # the client asks for base64 by itself
    floats = sdk.embeddings.create(**asked_for, encoding_format="float")
    base64 = sdk.embeddings.create(**asked_for, encoding_format="base64")
    (vector,) = (item.embedding for item in floats.data)
    assert len(vector) == 32
    assert usual.data[0].embedding == vector
    assert base64.data[0].embedding == b64encode(struct.pack("<32f", *vector)).decode()


@pytest.mark.parametrize("form", ["float", "base64"])
def test_come_in_the_form_asked_for_though_the_upstream_knows_one(gateway: Gateway, form: str) -> None:
    vector = [0.5, -0.25]
    base64 = b64encode(struct.pack("<2f", *vector)).decode()
    theirs, wanted = (vector, base64) if form == "base64" else (base64, vector)
    with scripted(answer(listed(theirs, theirs))) as upstream:
        who, name = customer(), embedding_model((upstream.base_url, "m"))
        gateway.knows(who.secret, name)
        heard = ask(gateway, who, name, encoding_format=form)
    assert upstream.seen[0].json["encoding_format"] == form
    assert [item["embedding"] for item in heard.json["data"]] == [wanted, wanted]


def test_of_tokens_are_counted_by_their_number(gateway: Gateway) -> None:
    with scripted(answer(listed([0.5], [0.5]))) as upstream:
        who, name = customer(), embedding_model((upstream.base_url, "m"))
        gateway.knows(who.secret, name)
        heard = ask(gateway, who, name, input=[[11, 12, 13], [14]])
    (event,) = who.events()
    assert upstream.seen[0].json["input"] == [[11, 12, 13], [14]]
    assert (event["input_tokens"], event["usage_source"], event["suspect"]) == (4, "counted", False)
    assert heard.json["usage"]["prompt_tokens"] == 4
    assert event["cost"] == cost_of(4)


def test_send_upstream_what_was_asked_and_nothing_of_ours(gateway: Gateway) -> None:
    with scripted(answer(listed([0.5], [0.5]))) as upstream:
        who, name = customer(), embedding_model((upstream.base_url, "up/m"))
        gateway.knows(who.secret, name)
        heard = ask(gateway, who, name, user="u", input_type="query", api_base="http://x", provider={})
    (seen,) = upstream.seen
    assert seen.path == "/v1/embeddings"
    told = stand_in("u", who.workspace.pk)
    assert seen.json == {"model": "up/m", "input": TEXTS, "user": told, "input_type": "query"}
    assert set(heard.json) == {"object", "data", "model", "provider", "usage"}


@pytest.mark.parametrize(
    "wrong",
    [listed([0.5]), listed([0.5], [0.5], [0.5]), listed([0.5], []), listed([0.5], "!"), {"data": {}}],
    ids=["fewer", "more", "empty", "unreadable", "none"],
)
def test_that_do_not_fit_the_inputs_are_a_failure_of_the_provider(gateway: Gateway, wrong: Any) -> None:
    with scripted(answer(wrong), answer(listed([0.5], [0.25]))) as upstream:
        who = customer()
        name = embedding_model((upstream.base_url, "m"), (upstream.base_url, "m"))
        gateway.knows(who.secret, name)
        heard = ask(gateway, who, name)
    assert heard.status == 200
    assert ":bad_body," in heard.headers["x-tollway-attempts"]
    assert [item["embedding"] for item in heard.json["data"]] == [[0.5], [0.25]]


def test_that_fail_everywhere_cost_nothing(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), embedding_model((sandbox, "error-500"))
    gateway.knows(who.secret, name)
    heard = ask(gateway, who, name)
    event = who.event(heard.headers["x-request-id"])
    assert (heard.status, heard.headers["x-error-code"]) == (502, "PROVIDER_ERROR")
    assert (event["status"], event["cost"], event["input_tokens"]) == ("failed", 0, 0)
    assert (who.account()["held"], who.account()["unbilled"], who.open_requests()) == (0, 0, 0)


@pytest.mark.parametrize("upstream_model", ["no-usage", "negative-usage", "lying-usage"])
def test_are_counted_by_us_where_the_figure_is_missing_or_impossible(
    gateway: Gateway, sandbox: str, upstream_model: str
) -> None:
    who, name = customer(), embedding_model((sandbox, upstream_model))
    gateway.knows(who.secret, name)
    heard = ask(gateway, who, name, input="word " * 100)
    event = who.event(heard.headers["x-request-id"])
    assert (event["usage_source"], event["suspect"]) == ("counted", upstream_model != "no-usage")
    assert 95 <= event["input_tokens"] <= 110
    assert heard.json["usage"]["prompt_tokens"] == event["input_tokens"]
    assert event["cost"] == cost_of(event["input_tokens"])


def test_hold_for_what_goes_in_and_count_it_where_credit_is_short(gateway: Gateway, sandbox: str) -> None:
    # 8,000 bytes hold 0.0161 USD at this rate; they are 1,600 tokens, which 0.004 is enough for.
    rates = {"input": 2_000_000}
    who, name = customer(credit_usd="0.004"), embedding_model((sandbox, "embedding"), rates=rates)
    gateway.knows(who.secret, name)
    assert ask(gateway, who, name, input="word " * 1600).status == 200
    (event,) = who.events()
    assert event["cost"] <= event["hold"] <= 4_000_000
    refused = ask(gateway, who, name, input="word " * 1600)
    assert (refused.status, refused.headers["x-error-code"]) == (402, "INSUFFICIENT_CREDITS")


def test_want_a_model_for_embeddings(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "words"))
    gateway.knows(who.secret, name)
    heard = ask(gateway, who, name)
    assert (heard.status, heard.headers["x-error-code"]) == (400, "INVALID_MODEL")


def test_name_the_input_that_is_wrong(gateway: Gateway) -> None:
    heard = call(
        gateway.base_url,
        "/embeddings",
        {"model": "m", "input": ["x", ""]},
        headers={"X-API-Key": customer().secret, "Accept": "application/json"},
    )
    assert (heard.status, heard.json["error"]["param"]) == (400, "input[1]")
