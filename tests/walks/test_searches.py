"""Searches of the web that an upstream makes: charged by the piece where they have a price, and held before."""

from typing import Any

import pytest

from tests.fakes.cast import customer, model
from tests.fakes.gateway import Gateway
from tests.fakes.scripted import Answer, answer, scripted

pytestmark = pytest.mark.usefixtures("committed")

CENT = 10_000_000
# A cent a search: micro-USD per million.
RATES = {"input": 1_000_000, "output": 2_000_000, "web_search": 10_000_000_000}


def found(searches: int) -> Answer:
    """An answer for which the web was searched, as providers tell it."""
    usage: dict[str, Any] = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
    usage["server_tool_use"] = {"web_search_requests": searches}
    message = {"role": "assistant", "content": "It rains in Bergen, as it does."}
    return answer(
        {
            "object": "chat.completion",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": usage,
        }
    )


def test_are_charged_and_told(gateway: Gateway) -> None:
    with scripted(found(3)) as upstream:
        who, name = customer(), model((upstream.base_url, "m"), rates=RATES)
        gateway.knows(who.secret, name)
        heard = gateway.chat(who.secret, name)
    assert heard.json["usage"]["server_tool_use"] == {"web_search_requests": 3}
    event = who.event(heard.headers["x-request-id"])
    assert (event["web_searches"], event["cost"], event["suspect"]) == (3, 3 * CENT + 50_000, False)


def test_are_held_before_they_are_made(gateway: Gateway) -> None:
    with scripted(found(1)) as upstream:
        name = model((upstream.base_url, "m"), rates=RATES)
        for credit, status in (("0.19", 402), ("0.25", 200)):
            who = customer(credit_usd=credit)
            gateway.knows(who.secret, name)
            assert gateway.chat(who.secret, name).status == status


def test_are_not_charged_without_a_price_and_marked(gateway: Gateway) -> None:
    with scripted(found(3)) as upstream:
        rates = {name: rate for name, rate in RATES.items() if name != "web_search"}
        who, name = customer(), model((upstream.base_url, "m"), rates=rates)
        gateway.knows(who.secret, name)
        event = who.event(gateway.chat(who.secret, name).headers["x-request-id"])
    assert (event["web_searches"], event["cost"], event["suspect"]) == (0, 50_000, True)
