"""What a request may cost, in what no machine's speed changes: the Python functions that the gateway calls for it."""

import json
import urllib.request
from collections.abc import Iterator

import pytest

from tests.fakes import scripted as fake
from tests.fakes.cast import customer, model
from tests.fakes.gateway import Gateway, running_gateway
from tests.fakes.scripted import Answer, answer, event, scripted

pytestmark = pytest.mark.usefixtures("committed")

WARM, COUNTED = 10, 40
EVENTS = 100
USAGE = {"prompt_tokens": 20, "completion_tokens": EVENTS, "total_tokens": 20 + EVENTS}


@pytest.fixture(scope="module")
def counting(django_db_setup: None) -> Iterator[Gateway]:
    with running_gateway(application="tests.inference.counted_calls:application") as gateway:
        yield gateway


def said(gateway: Gateway) -> int:
    url = gateway.base_url.removesuffix("/v1") + "/calls"
    with urllib.request.urlopen(url, timeout=20) as heard:
        return int(json.load(heard))


def calls(gateway: Gateway, *, stream: bool) -> float:
    """Return how many functions one request took, on the average of some that came one after the other."""
    whole = answer(
        {
            "id": "x",
            "object": "chat.completion",
            "choices": [{"index": 0, "message": {"content": "word " * EVENTS}, "finish_reason": "stop"}],
            "usage": USAGE,
        }
    )
    script = _streamed() if stream else whole
    with scripted(*[script] * (WARM + COUNTED)) as upstream:
        who = customer(credit_usd="100", minute_cap=10**6, hour_cap=10**6, day_cap=10**6)
        name = model((upstream.base_url, "up"))
        gateway.knows(who.secret, name)
        for number in range(WARM + COUNTED):
            if number == WARM:
                said(gateway)
            heard = gateway.chat(who.secret, name, stream=stream, max_tokens=4 * EVENTS)
            assert heard.status == 200, heard.raw
        return said(gateway) / COUNTED


def _streamed() -> Answer:
    def piece(**choice: object) -> bytes:
        return event({"id": "x", "model": "up", "choices": [{"index": 0, "finish_reason": None, **choice}]})

    text = b"".join(piece(delta={"content": f"word {number}"}) for number in range(EVENTS))
    ends = piece(delta={}, finish_reason="stop") + event({"id": "x", "choices": [], "usage": USAGE})
    return fake.stream(piece(delta={"role": "assistant", "content": ""}) + text + ends, b"data: [DONE]\n\n")


# Alone, so that two commits are among them: 1,030 and 1,520 calls. A change that goes beyond the budget has to say here
# what it is worth.
@pytest.mark.parametrize(("streamed", "budget"), [(False, 1150), (True, 1680)], ids=["plain", "stream"])
def test_a_request_takes_no_more_calls_than_it_did(counting: Gateway, streamed: bool, budget: int) -> None:
    taken = calls(counting, stream=streamed)
    assert taken < budget
