"""The tokens of a message's prompt, counted for nothing."""

from typing import Any

import anthropic
import pytest
from anthropic.types import MessageParam

from tests.fakes.caller import Heard, call
from tests.fakes.cast import Customer, customer, model
from tests.fakes.gateway import Gateway
from tests.fakes.scripted import scripted
from tests.walks.test_messages import ASKED, TOOL, ready, sdk

pytestmark = pytest.mark.usefixtures("committed")


def count(gateway: Gateway, who: Customer, model: str, **fields: Any) -> Heard:
    body = {"model": model, "messages": ASKED, **fields}
    return call(gateway.base_url, "/messages/count_tokens", body, headers={"X-API-Key": who.secret})


def test_cost_nothing_and_count_as_no_request(gateway: Gateway) -> None:
    with scripted() as upstream:
        who = customer(credit_usd="0", minute_cap=1, day_cap=1)
        name = model((upstream.base_url, "m"))
        gateway.knows(who.secret, name)
        told = [count(gateway, who, name) for _ in range(3)]
    assert [(heard.status, heard.json) for heard in told] == [(200, {"input_tokens": 6})] * 3
    assert upstream.seen == []
    assert who.events() == []
    assert (who.account()["held"], who.account()["unbilled"]) == (0, 0)


def test_are_told_to_the_sdk_with_all_that_goes_in(gateway: Gateway, sandbox: str) -> None:
    who, name = ready(gateway, (sandbox, "words"))
    with sdk(gateway, who) as client:
        bare = client.messages.count_tokens(model=name, messages=ASKED)
        more = client.messages.count_tokens(model=name, messages=ASKED, system="Be brief.", tools=[TOOL])
    assert more.input_tokens > bare.input_tokens + 20


def test_are_told_of_a_prompt_that_no_message_could_have(gateway: Gateway, sandbox: str) -> None:
    who, short = customer(), model((sandbox, "words"), context_length=100, max_output_tokens=50)
    gateway.knows(who.secret, short)
    long: list[MessageParam] = [{"role": "user", "content": "word " * 1_000}]
    with sdk(gateway, who) as client:
        assert client.messages.count_tokens(model=short, messages=long).input_tokens > 1_000
        with pytest.raises(anthropic.BadRequestError, match="context"):
            client.messages.create(model=short, messages=long, max_tokens=50)


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"messages": []}, 400, "VALIDATION_ERROR"),
        ({"max_tokens": 0}, 400, "VALIDATION_ERROR"),
        ({"model": "route/none"}, 400, "INVALID_MODEL"),
    ],
)
def test_are_refused_as_the_message_would_be(
    gateway: Gateway, sandbox: str, fields: dict[str, Any], status: int, code: str
) -> None:
    who, name = ready(gateway, (sandbox, "words"))
    heard = count(gateway, who, **{"model": name, **fields})
    assert (heard.status, heard.headers["x-error-code"]) == (status, code)
    assert heard.json["type"] == "error"


def test_want_a_credential_and_a_model_of_the_plan(gateway: Gateway, sandbox: str) -> None:
    body = {"model": "m", "messages": ASKED}
    nobody = call(gateway.base_url, "/messages/count_tokens", body)
    assert (nobody.status, nobody.json["error"]["type"]) == (401, "authentication_error")
    who, dear = customer(tiers=["free"]), model((sandbox, "words"), tier="max")
    gateway.knows(customer().secret, dear)
    heard = count(gateway, who, dear)
    assert (heard.status, heard.json["error"]["type"]) == (403, "permission_error")
