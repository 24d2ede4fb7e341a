"""Prompts reach the upstream in its own words, fit its context, or are refused before anything is sent."""

from typing import Any

import pytest

from catalog.models import Provider
from tests.fakes.caller import call
from tests.fakes.cast import customer, model
from tests.fakes.gateway import Gateway
from tests.fakes.scripted import answer, scripted

pytestmark = pytest.mark.usefixtures("committed")

ANSWER = {
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Yes."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11},
}
LONG = [{"role": "user", "content": "word " * 300} for _ in range(5)]
SMALL: dict[str, Any] = {"context_length": 1000, "max_output_tokens": 100}


def test_too_long_is_refused_at_no_cost(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "words"), **SMALL)
    gateway.knows(who.secret, name)
    for stream in (False, True):
        heard = gateway.chat(
            who.secret, name, messages=LONG, stream=stream, headers={"Accept": "application/json"}
        )
        assert (heard.status, heard.headers["x-error-code"]) == (400, "CONTEXT_LENGTH_EXCEEDED")
        error = heard.json["error"]
        assert (error["code"], error["param"]) == ("context_length_exceeded", "messages")
    assert (who.events(), who.account()["held"]) == ([], 0)


@pytest.mark.parametrize(
    ("by_default", "fields", "dropped"),
    [
        (False, {"transforms": ["truncate"]}, "3"),
        (True, {}, "3"),
        (True, {"transforms": []}, None),
        (False, {}, None),
    ],
)
def test_too_long_is_cut_where_that_is_wanted(
    gateway: Gateway, by_default: bool, fields: dict[str, Any], dropped: str | None
) -> None:
    with scripted(answer(ANSWER)) as upstream:
        who, name = customer(), model((upstream.base_url, "m"), truncates=by_default, **SMALL)
        gateway.knows(who.secret, name)
        messages = [{"role": "system", "content": "Be brief."}, *LONG]
        heard = gateway.chat(who.secret, name, messages=messages, **fields)
        assert heard.headers.get("x-tollway-truncated") == dropped
        assert heard.status == (200 if dropped else 400)
        if dropped:
            (seen,) = upstream.seen
            assert [message["role"] for message in seen.json["messages"]] == ["system", "user", "user"]
            assert "transforms" not in seen.json


@pytest.mark.parametrize("path", ["/chat/completions", "/messages"])
@pytest.mark.parametrize("transforms", [5, ["middle-out"]], ids=str)
def test_a_wish_that_cannot_be_read_is_refused_though_the_prompt_fits(
    gateway: Gateway, sandbox: str, path: str, transforms: Any
) -> None:
    who, name = customer(), model((sandbox, "words"))
    gateway.knows(who.secret, name)
    body = {"model": name, "max_tokens": 9, "messages": LONG[:1], "transforms": transforms}
    headers = {"X-API-Key": who.secret, "Accept": "application/json"}
    heard = call(gateway.base_url, path, body, headers=headers)
    assert heard.status == 400
    assert "transforms must be a list that is empty or holds" in heard.json["error"]["message"]
    assert who.events() == []


def test_no_more_output_is_asked_for_than_there_is_room(gateway: Gateway) -> None:
    with scripted(answer(ANSWER)) as upstream:
        who, name = (
            customer(),
            model((upstream.base_url, "m"), context_length=500, max_output_tokens=500),
        )
        gateway.knows(who.secret, name)
        assert gateway.chat(who.secret, name, messages=LONG[:1], max_tokens=10_000).status == 200
        assert 100 < upstream.seen[0].json["max_tokens"] < 200


def test_parts_reasoning_and_roles_are_said_as_the_provider_reads_them(gateway: Gateway) -> None:
    with scripted(answer(ANSWER)) as upstream:
        who, name = customer(), model((upstream.base_url, "m"))
        Provider.objects.filter(endpoints__hops__chain__model__public_id=name).update(
            reasoning="enable_thinking"
        )
        gateway.knows(who.secret, name)
        messages: list[dict[str, Any]] = [
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
        ]

        def said() -> Any:
            upstream.add(answer(ANSWER))
            gateway.chat(who.secret, name, messages=messages, reasoning={"effort": "low"}, seed=7)
            return upstream.seen[-1].json

        gateway.eventually(lambda: "enable_thinking" in said(), within=5)
        sent = said()
        assert (sent["thinking_budget"], sent["seed"]) == (2000, 7)
        assert [message["role"] for message in sent["messages"]] == ["system", "user"]
        assert sent["messages"][1]["content"] == [{"type": "text", "text": "Hi"}]


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"]
)
def test_bodies_of_another_type_are_refused(gateway: Gateway, kind: str) -> None:
    headers = {"X-API-Key": customer().secret, "Content-Type": kind}
    heard = call(gateway.base_url, "/chat/completions", {"model": "m"}, headers=headers)
    assert (heard.status, heard.headers["x-error-code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert "application/json" in heard.body.decode()


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "application/vnd.x+json", ""])
def test_bodies_that_may_be_json_are_read(gateway: Gateway, kind: str) -> None:
    headers = {"X-API-Key": customer().secret, **({"Content-Type": kind} if kind else {})}
    heard = call(gateway.base_url, "/chat/completions", {"model": 5}, headers=headers)
    assert (heard.status, heard.body) == (400, b"model must be a non-empty string.")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "not valid JSON"),
        (b'{"model": "m"', "not valid JSON"),
        (b'\xef\xbb\xbf{"model": "m"}', "not valid JSON"),
        (b'{"model": NaN}', "not valid JSON"),
        (b'{"model": "\xff"}', "not valid JSON"),
        (b'{"model": "\\ud800"}', "not valid JSON"),
        (b'{"model": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", "not valid JSON"),
        (b"[1]", "must be a JSON object"),
        (b'{"model": "a", "model": "b"}', "model is given twice"),
        (b'{"model": "a\\u0000b", "messages": [{"role": "user", "content": "x"}]}', "There is no chat model"),
        (b'{"model": "m", "messages": [{"role": "user", "content": 5}]}', "messages[0].content must be"),
        (b'{"model": "m", "messages": [{"role": "tool", "content": "x"}]}', "messages[0].tool_call_id"),
        (
            b'{"model": "m", "messages": [{"role": "user"}], "reasoning_effort": "lots"}',
            "reasoning_effort must",
        ),
    ],
)
def test_what_cannot_be_read_is_named(gateway: Gateway, body: bytes, said: str) -> None:
    heard = call(gateway.base_url, "/chat/completions", body, headers={"X-API-Key": customer().secret})
    assert heard.status == 400
    assert said in heard.body.decode()
