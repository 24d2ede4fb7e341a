"""What an answer may cost while it is written: its hold grows with it, and it ends where there is no more credit."""

from typing import Any

import orjson
import pytest

from billing import budgets
from billing.models import KeyBudget
from inference import tokens
from tests.fakes import exchange
from tests.fakes.caller import Heard
from tests.fakes.cast import Customer, customer, model
from tests.fakes.gateway import Gateway
from tests.fakes.scripted import DONE, Answer, Hang, Hold, Step, answer, event, scripted, stream

from .test_stream import END, delta

pytestmark = pytest.mark.usefixtures("committed")

PIECE = " toll" * 20
"""Twenty tokens."""
RATES = {"input": 1_000_000, "output": 10_000_000}
PRICE = 10_000
"""Of one output token, in nano-USD."""
DEFAULT = 100
USUAL: dict[str, Any] = {"default_max_tokens": DEFAULT}


def usage(completion: int, *, prompt: int = 10, reasoning: int = 0) -> dict[str, Any]:
    return {
        **delta(""),
        "choices": [],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "completion_tokens_details": {"reasoning_tokens": reasoning},
        },
    }


def writes(pieces: int, *end: Step) -> Answer:
    return stream(*(event(delta(PIECE)) for _ in range(pieces)), *end)


def complete(tokens_told: int, **told: int) -> tuple[bytes, ...]:
    return event(END), event(usage(tokens_told, **told)), DONE


def read(heard: Heard) -> int:
    return tokens.count(["".join(heard.pieces)])[0]


def ask(gateway: Gateway, who: Customer, name: str, **fields: Any) -> Heard:
    gateway.knows(who.secret, name)
    return gateway.chat(who.secret, name, **{"stream": True, **fields})


@pytest.fixture
def poor() -> Customer:
    """Credit for the usual answer and a bit: 300 tokens and what a prompt takes."""
    return customer(credit_usd="0.0032", **USUAL)


def rest(who: Customer) -> int:
    account = who.account()
    assert (account["held"], who.open_requests(), account["open_streams"]) == (0, 0, 0)
    return int(account["posted"]) - int(account["unbilled"])


def test_an_answer_of_no_stated_length_is_written_to_its_end(gateway: Gateway) -> None:
    with scripted(writes(50, *complete(1_000))) as upstream:
        who, name = customer(**USUAL), model((upstream.base_url, "m"), rates=RATES)
        heard = ask(gateway, who, name)
    (booked,) = who.events()
    assert heard.data[-1] == "[DONE]"
    assert read(heard) == 1_000
    assert (booked["status"], booked["output_tokens"], booked["cost"]) == (
        "ok",
        1_000,
        1_000 * PRICE + 10_000,
    )
    assert booked["hold"] >= booked["cost"]
    assert not booked["suspect"]
    assert orjson.loads(upstream.seen[0].body)["max_tokens"] == 8_192
    rest(who)


def test_it_is_asked_for_as_long_as_the_credit_lasts(gateway: Gateway, poor: Customer) -> None:
    """This provider does not care, and is stopped."""
    with scripted(writes(200, *complete(4_000))) as upstream:
        name = model((upstream.base_url, "m"), rates=RATES)
        heard = ask(gateway, poor, name)
    (booked,) = poor.events()
    asked = orjson.loads(upstream.seen[0].body)["max_tokens"]
    assert DEFAULT < asked <= 320
    assert asked <= read(heard) <= asked + 256
    assert (booked["status"], booked["error_code"]) == ("upstream_cut", "OVERRUN")
    assert booked["cost"] <= booked["hold"]
    assert 0 <= rest(poor) < 100 * PRICE


def test_it_ends_where_another_request_takes_the_credit(gateway: Gateway, poor: Customer) -> None:
    half = Hold()
    begun = stream(event(delta(PIECE)), half, *(event(delta(PIECE)) for _ in range(100)))
    with scripted(begun, writes(0, Hang())) as upstream:
        name = model((upstream.base_url, "m"), rates=RATES)
        gateway.knows(poor.secret, name)
        with gateway.streaming(poor.secret, name) as first, gateway.asking(poor.secret, name, max_tokens=150):
            gateway.eventually(lambda: len(upstream.seen) == 2, within=30)
            half.event.set()
            heard = b""
            while part := first.recv(65536):
                heard += part
                if b"error" in heard:
                    break
    assert b"insufficient_quota" in heard
    assert b"[DONE]" not in heard
    gateway.eventually(lambda: poor.open_requests() == 0, within=20)
    booked = poor.events()[0]
    assert (booked["status"], booked["error_code"]) == ("spent", "SPENT")
    assert DEFAULT <= booked["output_tokens"] <= 170
    assert booked["cost"] <= booked["hold"]
    assert rest(poor) >= 0


def test_a_budget_of_the_key_ends_it_too(gateway: Gateway) -> None:
    with scripted(writes(200, *complete(4_000))) as upstream:
        who, name = customer(**USUAL), model((upstream.base_url, "m"), rates=RATES)
        budgets.put(who.workspace.pk, who.key.pk, limit=3_200_000, period=KeyBudget.Period.DAY, actor="test")
        heard = ask(gateway, who, name)
    (booked,) = who.events()
    assert (booked["status"], "key's budget" in heard.events[-1]["error"]["message"]) == ("spent", True)
    budget = budgets.of_key(who.workspace.pk, who.key.pk)
    assert budget is not None
    assert (budget.spent, budget.held) == (booked["cost"], 0)
    assert budget.spent <= 3_200_000
    rest(who)


@pytest.mark.parametrize("limit", [50, 4_000])
def test_a_provider_that_writes_on_and_on_is_stopped(gateway: Gateway, limit: int) -> None:
    with scripted(writes(limit // 2, *complete(limit * 10))) as upstream:
        who, name = customer(**USUAL), model((upstream.base_url, "m"), rates=RATES)
        heard = ask(gateway, who, name, max_tokens=limit)
    (booked,) = who.events()
    assert heard.events[-1]["error"]["message"].startswith("The provider wrote more than it was asked for")
    assert (booked["status"], booked["error_code"], booked["suspect"]) == ("upstream_cut", "OVERRUN", True)
    assert limit <= read(heard) <= limit + max(256, limit // 8)
    assert booked["cost"] <= booked["hold"]
    assert rest(who) >= 100 * 10**9 - booked["hold"]


def test_what_a_provider_tells_beyond_the_hold_is_not_charged(gateway: Gateway) -> None:
    """It wrote what it was asked for, and tells ten times as much."""
    with scripted(writes(3, *complete(500))) as upstream:
        who, name = customer(**USUAL), model((upstream.base_url, "m"), rates=RATES)
        heard = ask(gateway, who, name, max_tokens=60, stream_options={"include_usage": True})
    (booked,) = who.events()
    assert (booked["status"], booked["suspect"]) == ("ok", True)
    assert booked["cost"] <= booked["hold"] < 300 * PRICE
    assert heard.events[-1]["usage"]["completion_tokens"] == booked["output_tokens"]


def test_thoughts_that_are_only_told_at_the_end_are_paid_for(gateway: Gateway) -> None:
    with scripted(writes(2, *complete(3_040, reasoning=3_000))) as upstream:
        who, name = (
            customer(**USUAL),
            model((upstream.base_url, "m"), rates={**RATES, "reasoning": 10_000_000}),
        )
        ask(gateway, who, name)
    (booked,) = who.events()
    assert (booked["reasoning_tokens"], booked["output_tokens"]) == (3_000, 40)
    assert booked["cost"] == 3_040 * PRICE + 10_000 <= booked["hold"]
    rest(who)


def test_a_whole_answer_of_no_stated_length_may_be_as_long_as_a_quarter_of_the_credit_buys(
    gateway: Gateway,
) -> None:
    whole = {
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": PIECE}, "finish_reason": "stop"}
        ],
        "usage": {"prompt_tokens": 10, "completion_tokens": 20},
    }
    with scripted(*[answer(whole)] * 3) as upstream:
        name = model((upstream.base_url, "m"), rates=RATES)
        rich, middling, poor = (customer(credit_usd=usd, **USUAL) for usd in ("100", "0.04", "0.002"))
        for who in (rich, middling, poor):
            assert ask(gateway, who, name, stream=False).status == 200
    asked = [orjson.loads(seen.body)["max_tokens"] for seen in upstream.seen]
    assert asked[0] == 8_192
    assert DEFAULT < asked[1] <= 1_000
    assert asked[2] == DEFAULT
    held = [who.events()[0]["hold"] for who in (rich, middling, poor)]
    assert held[0] >= 8_192 * PRICE
    assert held[1] <= 10_000_000
    assert held[2] >= DEFAULT * PRICE
    for who in (rich, middling, poor):
        rest(who)


def test_the_simulator_tells_the_length_that_would_be_asked_for(gateway: Gateway) -> None:
    name = model(("http://127.0.0.1:9/v1", "m"), rates=RATES)
    who = customer(credit_usd="0.04", **USUAL)
    gateway.knows(who.secret, name)
    for streamed, most in ((True, 8_192), (False, 1_000)):
        told = exchange.ask(
            "POST",
            f"{gateway.base_url}/route/simulate",
            {"model": name, "stream": streamed},
            headers={"X-API-Key": who.secret},
        )
        assert DEFAULT < told.json["data"]["terms"]["max_tokens"] <= most
