"""Reranking, from the caller to the usage event."""

from typing import Any

import pytest

from tests.fakes.caller import Heard, call
from tests.fakes.cast import Customer, customer, model
from tests.fakes.gateway import Gateway
from tests.fakes.scripted import answer, scripted

pytestmark = pytest.mark.usefixtures("committed")

MICRO = 10**6
BY_TOKENS = {"input": 130_001}
BY_REQUESTS = {"request": 2_000 * MICRO}  # 0.002 USD a request
DOCUMENTS = ["A rate has limits.", "A fox in the snow.", {"text": "What is a rate limiter?"}]
SCORED = [{"index": n, "relevance_score": score} for n, score in enumerate((0.2, 0.1, 0.9))]


def rerank_model(*hops: tuple[str, str], **facts: Any) -> str:
    return model(*hops, **{"rates": BY_TOKENS, "capability": "rerank", "max_output_tokens": 1, **facts})


def ask(gateway: Gateway, who: Customer, name: str, **fields: Any) -> Heard:
    body = {"model": name, "query": "What is a rate limiter?", "documents": DOCUMENTS, **fields}
    return call(gateway.base_url, "/rerank", body, headers={"X-API-Key": who.secret})


def test_orders_documents_and_is_charged_to_the_nano(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), rerank_model((sandbox, "rerank"))
    gateway.knows(who.secret, name)
    heard = ask(gateway, who, name, return_documents=True)
    event = who.event(heard.headers["x-request-id"])
    results = heard.json["results"]
    assert set(heard.json) == {"id", "model", "results", "usage", "provider"}
    assert heard.json["id"] == f"rerank-{event['request_id'].hex}"
    assert (heard.json["model"], heard.json["provider"]) == (name, heard.headers["x-tollway-provider"])
    assert [result["index"] for result in results] == [2, 0, 1]
    assert [result["document"] for result in results] == [DOCUMENTS[2], *({"text": t} for t in DOCUMENTS[:2])]
    assert (event["status"], event["usage_source"]) == ("ok", "upstream")
    tokens = event["input_tokens"]
    assert event["cost"] == (tokens * BY_TOKENS["input"] + 500) // 1000 <= event["hold"]
    assert heard.json["usage"] == {
        "prompt_tokens": tokens,
        "total_tokens": tokens,
        "cost": event["cost"] / 1e9,
    }
    assert who.account()["unbilled"] == event["cost"] > 0
    assert (who.account()["held"], who.open_requests()) == (0, 0)


@pytest.mark.parametrize("rates", [BY_REQUESTS, {**BY_REQUESTS, "input": 0, "output": 0}])
def test_may_be_sold_by_the_request(gateway: Gateway, sandbox: str, rates: dict[str, int]) -> None:
    who, name = customer(), rerank_model((sandbox, "rerank"), rates=rates)
    gateway.knows(who.secret, name)
    assert ask(gateway, who, name).status == 200
    (event,) = who.events()
    assert (event["cost"], event["hold"], event["suspect"]) == (2_000_000, 2_000_000, False)


def test_may_be_sold_by_both(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), rerank_model((sandbox, "rerank"), rates={**BY_REQUESTS, **BY_TOKENS})
    gateway.knows(who.secret, name)
    assert ask(gateway, who, name).status == 200
    (event,) = who.events()
    assert event["cost"] == 2_000_000 + (event["input_tokens"] * BY_TOKENS["input"] + 500) // 1000


def test_is_not_sold_without_a_price(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), rerank_model((sandbox, "rerank"), rates={"output": 5, "image": 5})
    gateway.knows(who.secret, name)
    heard = ask(gateway, who, name)
    assert (heard.status, heard.headers["x-error-code"]) == (400, "INVALID_MODEL")


def test_keeps_to_the_number_that_was_asked_for_though_the_upstream_does_not(gateway: Gateway) -> None:
    with scripted(answer({"results": SCORED})) as upstream:
        who, name = customer(), rerank_model((upstream.base_url, "up/m"))
        gateway.knows(who.secret, name)
        heard = ask(gateway, who, name, top_n=2, rank_fields=["text"], return_documents=False)
    (seen,) = upstream.seen
    assert seen.path == "/v1/rerank"
    assert seen.json == {
        "model": "up/m",
        "query": "What is a rate limiter?",
        "documents": DOCUMENTS,
        "top_n": 2,
        "rank_fields": ["text"],
    }
    assert heard.json["results"] == [SCORED[2], SCORED[0]]


@pytest.mark.parametrize(
    "wrong",
    [
        {"results": []},
        {"results": [{"index": 3, "relevance_score": 1}]},
        {"results": SCORED * 2},
        {"data": []},
    ],
)
def test_takes_scores_of_no_document_for_a_failure_of_the_provider(gateway: Gateway, wrong: Any) -> None:
    with scripted(answer(wrong), answer({"results": SCORED})) as upstream:
        who = customer()
        name = rerank_model((upstream.base_url, "m"), (upstream.base_url, "m"))
        gateway.knows(who.secret, name)
        heard = ask(gateway, who, name)
    assert (heard.status, len(heard.json["results"])) == (200, 3)
    assert ":bad_body," in heard.headers["x-tollway-attempts"]


def test_costs_nothing_where_every_provider_fails(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), rerank_model((sandbox, "error-500"), rates=BY_REQUESTS)
    gateway.knows(who.secret, name)
    heard = ask(gateway, who, name)
    event = who.event(heard.headers["x-request-id"])
    assert (heard.status, event["status"], event["cost"]) == (502, "failed", 0)
    assert (who.account()["held"], who.account()["unbilled"]) == (0, 0)


@pytest.mark.parametrize("upstream_model", ["no-usage", "negative-usage", "lying-usage"])
def test_counts_itself_where_the_figure_is_missing_or_impossible(
    gateway: Gateway, sandbox: str, upstream_model: str
) -> None:
    who, name = customer(), rerank_model((sandbox, upstream_model))
    gateway.knows(who.secret, name)
    heard = ask(gateway, who, name, documents=["word " * 100])
    event = who.event(heard.headers["x-request-id"])
    assert (event["usage_source"], event["suspect"]) == ("counted", upstream_model != "no-usage")
    assert 100 <= event["input_tokens"] <= 120
    assert heard.json["usage"]["prompt_tokens"] == event["input_tokens"]


def test_names_the_document_that_is_wrong(gateway: Gateway) -> None:
    heard = call(
        gateway.base_url,
        "/rerank",
        {"model": "m", "query": "x", "documents": ["a", None]},
        headers={"X-API-Key": customer().secret, "Accept": "application/json"},
    )
    assert (heard.status, heard.json["error"]["param"]) == (400, "documents[1]")
