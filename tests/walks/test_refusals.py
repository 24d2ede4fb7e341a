"""Requests that are refused: before they run, and at no cost."""

import json
import socket
from typing import Any

import pytest

from accounts import keys
from billing import budgets
from inference.body import NAMELESS_BYTES
from tests.fakes.caller import Heard, call, get
from tests.fakes.cast import customer, model
from tests.fakes.gateway import Gateway

pytestmark = pytest.mark.usefixtures("committed")

SDK = {"Accept": "application/json"}
NOBODY = "rk_" + "0" * 64


def refused(heard: Heard, status: int, code: str) -> None:
    assert (heard.status, heard.headers.get("x-error-code")) == (status, code), heard.raw


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": NOBODY},
        {"X-API-Key": "x"},
        {"Authorization": "Basic abc"},
        {"Authorization": "Bearer"},
        {"Authorization": f"Bearer {NOBODY}"},
    ],
)
def test_want_a_good_credential(gateway: Gateway, headers: dict[str, str]) -> None:
    heard = call(gateway.base_url, "/chat/completions", {}, headers=headers)
    refused(heard, 401, "AUTHENTICATION_ERROR")
    assert heard.headers["content-type"].startswith("text/plain")
    assert heard.headers["x-should-retry"] == "false"
    assert heard.headers["x-request-id"]


def test_want_it_before_they_take_a_large_body(gateway: Gateway) -> None:
    large = {"model": "x", "messages": [{"role": "user", "content": "x" * 2 * NAMELESS_BYTES}]}
    refused(call(gateway.base_url, "/chat/completions", large), 401, "AUTHENTICATION_ERROR")


def test_take_the_key_in_either_header_but_not_two_different_ones(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "words"))
    gateway.knows(who.secret, name)
    bearer = {"Authorization": f"Bearer {who.secret}"}
    body = {"model": name, "messages": [{"role": "user", "content": "Hi"}]}
    heard = call(gateway.base_url, "/chat/completions", body, headers=bearer)
    assert heard.status == 200, heard.raw
    both = {**bearer, "x-api-KEY": who.secret}
    assert call(gateway.base_url, "/chat/completions", body, headers=both).status == 200
    two = {**bearer, "X-API-Key": customer().secret}
    refused(call(gateway.base_url, "/chat/completions", body, headers=two), 400, "VALIDATION_ERROR")


def test_stop_a_revoked_key_within_two_seconds(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "words"))
    gateway.knows(who.secret, name)
    keys.revoke(who.key)
    gateway.eventually(lambda: gateway.chat(who.secret, name).status == 401, within=2.2)


def test_stop_a_suspended_workspace(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "words"))
    gateway.knows(who.secret, name)
    who.workspace.status = "suspended"
    who.workspace.save()
    refused(gateway.chat(who.secret, name), 403, "WORKSPACE_SUSPENDED")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "not valid JSON"),
        (b'{"model": 5}', "model must be"),
        (b'{"model": "m", "messages": []}', "messages must be"),
        (b'{"model": "m", "messages": [{"role": "user"}], "max_tokens": 0}', "max_tokens must be"),
    ],
)
def test_name_the_field(gateway: Gateway, body: bytes, said: str) -> None:
    heard = call(gateway.base_url, "/chat/completions", body, headers={"X-API-Key": customer().secret})
    refused(heard, 400, "VALIDATION_ERROR")
    assert said in heard.body.decode()


def test_speak_the_envelope_of_sdks(gateway: Gateway) -> None:
    heard = gateway.chat(customer().secret, "route/none", headers=SDK)
    refused(heard, 400, "INVALID_MODEL")
    error = heard.json["error"]
    assert (error["type"], error["code"], error["param"]) == (
        "invalid_request_error",
        "model_not_found",
        "model",
    )


def test_speak_it_to_streams_too(gateway: Gateway) -> None:
    heard = gateway.chat(customer().secret, "route/none", stream=True)
    assert heard.json["error"]["code"] == "model_not_found"


def test_know_no_model_of_another_kind(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "words"), capability="embedding")
    gateway.knows(who.secret, name)
    refused(gateway.chat(who.secret, name), 400, "INVALID_MODEL")


def test_name_the_plan_that_includes_the_model(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(tiers=["free"]), model((sandbox, "words"), tier="premium")
    other = customer()
    gateway.knows(other.secret, name)
    heard = gateway.chat(who.secret, name)
    refused(heard, 403, "MODEL_NOT_ALLOWED")
    assert "The lowest plan that includes it is Plan " in heard.body.decode()


def test_keep_to_the_models_of_the_key(gateway: Gateway, sandbox: str) -> None:
    who, name, other = customer(), model((sandbox, "words")), model((sandbox, "words"))
    who.key.allowed_models = [other]
    who.key.save()
    gateway.knows(who.secret, other)
    refused(gateway.chat(who.secret, name), 403, "MODEL_NOT_ALLOWED")


def test_sell_nothing_without_a_price(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "words"), rates={"input": 1})
    gateway.knows(who.secret, name)
    refused(gateway.chat(who.secret, name), 400, "INVALID_MODEL")


def test_say_what_is_missing_for_a_request_that_credit_cannot_cover(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(credit_usd="0.001"), model((sandbox, "words"))
    gateway.knows(who.secret, name)
    heard = gateway.chat(who.secret, name)
    refused(heard, 402, "INSUFFICIENT_CREDITS")
    assert "available $0.001000000, shortfall $0.0" in heard.body.decode()
    assert who.events() == []


def test_count_the_prompt_before_saying_that_credit_is_short(gateway: Gateway, sandbox: str) -> None:
    # 8,000 bytes would hold 0.016 USD of input; they are 1,600 tokens, and 0.004 is enough for those.
    who, name = customer(credit_usd="0.006"), model((sandbox, "words"))
    gateway.knows(who.secret, name)
    messages = [{"role": "user", "content": "word " * 1600}]
    assert gateway.chat(who.secret, name, messages=messages, max_tokens=5).status == 200
    (event,) = who.events()
    assert event["cost"] <= event["hold"] <= 6_000_000


def test_tell_credit_that_is_held_from_credit_that_is_gone(gateway: Gateway, sandbox: str) -> None:
    who, slow, name = customer(credit_usd="0.1"), model((sandbox, "slow")), model((sandbox, "words"))
    gateway.knows(who.secret, slow, name)
    with gateway.streaming(who.secret, slow):
        heard = gateway.chat(who.secret, name)
    refused(heard, 402, "CREDITS_HELD")
    assert (heard.headers["x-should-retry"], heard.headers["retry-after"]) == ("true", "5")


def test_say_limit_use_and_reset_of_a_window(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(day_cap=1), model((sandbox, "words"))
    gateway.knows(who.secret, name)
    assert gateway.chat(who.secret, name).status == 200
    heard = gateway.chat(who.secret, name)
    refused(heard, 429, "DAILY_REQUEST_LIMIT_EXCEEDED")
    assert "limit of 1 requests per day is reached: 1 used, resets at 20" in heard.body.decode()
    assert 0 < int(heard.headers["retry-after"]) <= 86_400
    assert heard.headers["x-should-retry"] == "false"
    assert len(who.events()) == 1


def test_give_no_more_streams_than_the_plan(gateway: Gateway, sandbox: str) -> None:
    who, slow = customer(stream_cap=1), model((sandbox, "slow"))
    gateway.knows(who.secret, slow)
    with gateway.streaming(who.secret, slow):
        heard = gateway.chat(who.secret, slow, stream=True)
    refused(heard, 429, "CONCURRENT_STREAM_LIMIT_EXCEEDED")


def test_keep_to_the_budget_of_the_key(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "words"))
    gateway.knows(who.secret, name)
    budgets.put(who.workspace.pk, who.key.pk, limit=1_000_000, period=budgets.Period.MONTH, actor="x")
    heard = gateway.chat(who.secret, name)
    refused(heard, 429, "KEY_BUDGET_EXCEEDED")
    assert (
        "The budget of this key is $0.001000000, of which $0.000000000 is spent or held"
        in heard.body.decode()
    )
    assert heard.headers["x-should-retry"] == "false"
    assert 0 < int(heard.headers["retry-after"]) <= 31 * 86_400
    budgets.clear(who.workspace.pk, who.key.pk)
    assert gateway.chat(who.secret, name).status == 200


@pytest.mark.parametrize("path", ["/none", "/chat/completions/", "/models/", "//"])
def test_know_no_other_paths(gateway: Gateway, path: str) -> None:
    refused(get(gateway.base_url + path), 404, "NOT_FOUND")


def test_know_no_other_methods(gateway: Gateway) -> None:
    heard = get(gateway.base_url + "/chat/completions")
    refused(heard, 405, "METHOD_NOT_ALLOWED")
    assert heard.headers["allow"] == "POST"


@pytest.mark.parametrize("announced", [True, False])
def test_take_no_body_beyond_the_bound(gateway: Gateway, announced: bool) -> None:
    who = customer()  # of somebody unknown not even this much is heard
    gateway.knows(who.secret)
    host, port = gateway.address
    length = b"Content-Length: 33554433" if announced else b"Transfer-Encoding: chunked"
    key = f"X-API-Key: {who.secret}\r\n".encode()
    with socket.create_connection((host, port), timeout=20) as wire:
        wire.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n" + key + length + b"\r\n\r\n")
        if not announced:
            block = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
            for _ in range(33):
                wire.sendall(block)
        heard = wire.recv(65536)
    assert heard.startswith(b"HTTP/1.1 413 ")
    assert b"x-error-code: PAYLOAD_TOO_LARGE" in heard


def test_hear_a_body_beyond_the_bound_out_so_that_its_sender_hears_the_answer(gateway: Gateway) -> None:
    # Closed on at once, a sender of a large body sees a broken connection and sends it all again.
    heard = call(gateway.base_url, "/chat/completions", b" " * (48 * 2**20), patience_s=30)
    refused(heard, 413, "PAYLOAD_TOO_LARGE")
    assert heard.ending == "closed"


def test_answer_the_preflight_of_browsers(gateway: Gateway) -> None:
    host, port = gateway.address
    with socket.create_connection((host, port), timeout=5) as wire:
        wire.sendall(b"OPTIONS /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        heard = Heard(wire.recv(65536), "closed")
    assert heard.status == 204
    assert heard.headers["access-control-allow-origin"] == "*"
    assert "Authorization" in heard.headers["access-control-allow-headers"]


def test_hold_nothing_back_afterwards(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(credit_usd="0.001", minute_cap=5), model((sandbox, "words"))
    gateway.knows(who.secret, name)
    before = who.account()
    bodies: list[dict[str, Any]] = [{}, {"n": 0}, {"messages": []}, {"model": "none"}]
    for body in bodies:
        call(
            gateway.base_url,
            "/chat/completions",
            json.dumps({"model": name, "messages": [{"role": "user", "content": "x"}], **body}).encode(),
            headers={"X-API-Key": who.secret},
        )
    assert who.account() == before
