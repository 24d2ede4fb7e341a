"""Messages that are refused, fail or break off, as Anthropic's own client raises them."""

from typing import Any

import anthropic
import pytest

from tests.fakes.cast import customer, model
from tests.fakes.gateway import Gateway
from tests.walks.test_messages import ASKED, post, ready, sdk

pytestmark = pytest.mark.usefixtures("committed")


@pytest.mark.parametrize("upstream_model", ["cut-stream-5", "sse-error-mid-5", "cut-clean-5"])
def test_breaks_with_an_error_that_the_client_raises(
    gateway: Gateway, sandbox: str, upstream_model: str
) -> None:
    who, name = ready(gateway, (sandbox, upstream_model))
    with (
        sdk(gateway, who) as client,
        client.messages.stream(model=name, messages=ASKED, max_tokens=500) as events,
        pytest.raises(anthropic.APIStatusError, match="broke off") as caught,
    ):
        events.until_done()
    assert caught.value.type == "api_error"
    (booked,) = who.events()
    assert (booked["status"], booked["cost"] > 0) == ("upstream_cut", True)


def test_ends_cleanly_when_it_is_killed(gateway: Gateway, sandbox: str) -> None:
    who, name = ready(gateway, (sandbox, "slow"))
    with (
        sdk(gateway, who) as client,
        client.messages.stream(model=name, messages=ASKED, max_tokens=500) as events,
    ):
        next(each for each in events if each.type == "text")
        assert post(gateway, who, {}, path="/user/streams/kill").json == {"killed_streams": 1}
        message = events.get_final_message()
    assert message.content
    assert message.stop_reason is None
    (booked,) = who.events()
    assert (booked["status"], booked["cost"] > 0) == ("killed", True)


@pytest.mark.parametrize(
    ("upstream_model", "status", "kind", "raised"),
    [
        ("error-400", 400, "invalid_request_error", anthropic.BadRequestError),
        ("error-context", 400, "invalid_request_error", anthropic.BadRequestError),
        ("error-500", 502, "api_error", anthropic.InternalServerError),
        ("error-401", 502, "api_error", anthropic.InternalServerError),
        ("sse-error-first", 502, "api_error", anthropic.InternalServerError),
        ("late-9000ms", 504, "timeout_error", anthropic.GatewayTimeoutError),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_raises_what_the_sdk_has_for_an_upstreams_failure(
    gateway: Gateway,
    sandbox: str,
    upstream_model: str,
    status: int,
    kind: str,
    raised: type[anthropic.APIStatusError],
    streamed: bool,
) -> None:
    who = customer()
    name = model((sandbox, upstream_model), wait_seconds=1)
    gateway.knows(who.secret, name)
    with sdk(gateway, who) as client, pytest.raises(raised) as caught:
        client.messages.create(model=name, messages=ASKED, max_tokens=50, stream=streamed)
    assert (caught.value.status_code, caught.value.type) == (status, kind)
    assert [booked["cost"] for booked in who.events()] == [0]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"max_tokens": None}, "max_tokens: Field required"),
        (
            {"messages": [{"role": "user", "content": [{"type": "odd"}]}]},
            "messages.0.content.0.type: Blocks of",
        ),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools.0.type: Tools of type"),
    ],
)
def test_names_the_field_that_is_wrong(gateway: Gateway, fields: dict[str, Any], said: str) -> None:
    body = {"model": "route/none", "messages": ASKED, "max_tokens": 50, **fields}
    heard = post(gateway, customer(), body)
    assert (heard.status, heard.headers["x-error-code"]) == (400, "VALIDATION_ERROR")
    assert heard.headers["x-should-retry"] == "false"
    assert heard.json["type"] == "error"
    assert heard.json["request_id"] == heard.headers["x-request-id"]
    assert heard.json["error"]["type"] == "invalid_request_error"
    assert heard.json["error"]["message"].startswith(said)


def test_raises_what_the_sdk_has_for_a_refusal(gateway: Gateway, sandbox: str) -> None:
    name, dear = model((sandbox, "words")), model((sandbox, "words"), tier="max")
    rich, poor, hurried = customer(), customer(credit_usd="0", tiers=["free"]), customer(minute_cap=1)
    for who in (rich, hurried):
        gateway.knows(who.secret, name, dear)
    gateway.knows(poor.secret, name)
    refusals: list[tuple[str, str, int, str]] = [
        ("rk_" + "0" * 64, name, 401, "authentication_error"),
        (poor.secret, name, 402, "billing_error"),
        (poor.secret, dear, 403, "permission_error"),
        (rich.secret, "route/none", 400, "invalid_request_error"),
        (hurried.secret, name, 429, "rate_limit_error"),
    ]
    assert gateway.chat(hurried.secret, name).status == 200
    for secret, asked, status, kind in refusals:
        root = gateway.base_url.removesuffix("/v1")
        with (
            anthropic.Anthropic(base_url=root, api_key=secret, max_retries=0, timeout=20) as client,
            pytest.raises(anthropic.APIStatusError) as caught,
        ):
            client.messages.create(model=asked, messages=ASKED, max_tokens=50)
        assert (caught.value.status_code, caught.value.type) == (status, kind)
    assert rich.events() == poor.events() == []
