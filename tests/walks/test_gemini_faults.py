"""Upstreams that speak Gemini's dialect and fail, and what callers hear and pay then."""

from contextlib import ExitStack

import pytest

from tests.fakes.cast import RATES, customer
from tests.fakes.gateway import Gateway
from tests.fakes.gemini import (
    COST,
    PIECES,
    USAGE,
    WHOLE,
    error,
    gemini_model,
    one_event,
    said,
    sold,
    streamed,
)
from tests.fakes.scripted import Answer, answer, scripted

pytestmark = pytest.mark.usefixtures("committed")

LEAKS = ("127.0.0.1", "gemini", "secret", "google", "resource_exhausted", "type.googleapis")
REFUSALS = {
    "429": answer(
        error(
            429,
            "RESOURCE_EXHAUSTED",
            "secret quota",
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34s"},
        ),
        status=429,
    ),
    "429 as a list": answer([error(429, "RESOURCE_EXHAUSTED", "secret quota")], status=429),
    "503": answer(error(503, "UNAVAILABLE", "secret model overloaded"), status=503),
    "404": answer(error(404, "NOT_FOUND", "secret model not found"), status=404),
    "403": answer(error(403, "PERMISSION_DENIED", "secret project"), status=403),
    "region": answer(error(400, "FAILED_PRECONDITION", "secret region"), status=400),
    "key": answer(
        error(400, "INVALID_ARGUMENT", "API key not valid.", {"reason": "API_KEY_INVALID"}), status=400
    ),
}
PLAIN = REFUSALS | {
    "no candidates": answer({"usageMetadata": USAGE}),
    "error in 200": answer(error(500, "INTERNAL", "secret")),
    "no object": answer([said({"text": "A"})]),
}
STREAMED = REFUSALS | {
    "error first": streamed(error(503, "UNAVAILABLE", "secret")),
    "error first as a list": streamed(b'data: [{"error": {"message": "secret"}}]\n\n'),
    "nothing": streamed(),
    "count only": streamed({"usageMetadata": USAGE}),
    "no stream": answer(WHOLE),
}


@pytest.mark.parametrize(("cases", "stream"), [(PLAIN, False), (STREAMED, True)], ids=["plain", "stream"])
def test_go_to_the_next_place(gateway: Gateway, cases: dict[str, Answer], stream: bool) -> None:
    healthy, who = streamed(*PIECES) if stream else answer(WHOLE), customer()
    with ExitStack() as upstreams:
        names = {}
        for case, failing in cases.items():  # the gateway takes its time to hear of models: of all at once
            bad, good = upstreams.enter_context(scripted(failing)), upstreams.enter_context(scripted(healthy))
            hops = (("gemini", up.base_url, "gemini-3-flash") for up in (bad, good))
            names[case] = gemini_model(*hops)
        gateway.knows(who.secret, *names.values())
        for case, name in names.items():
            heard = gateway.chat(who.secret, name, stream=stream)
            assert heard.status == 200, (case, heard.raw)
            booked = who.event(heard.headers["x-request-id"])
            assert (booked["status"], booked["attempts"], booked["cost"]) == ("ok", 2, COST), case
            assert_no_leak(heard.raw)
    assert (who.account()["held"], who.open_requests()) == (0, 0)


def assert_no_leak(raw: bytes) -> None:
    said = raw.decode().lower()
    assert not [word for word in LEAKS if word in said]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("case", ["429", "key"])
def test_fail_in_our_words_where_there_is_no_next_place(gateway: Gateway, case: str, stream: bool) -> None:
    with scripted(*(REFUSALS[case],) * 2) as bad:
        who, name = sold(gateway, ("gemini", bad))
        heard = gateway.chat(who.secret, name, stream=stream)
    assert (heard.status, heard.headers["x-error-code"]) == (502, "PROVIDER_ERROR")
    assert_no_leak(heard.raw)
    booked = one_event(who)
    assert (booked["status"], booked["cost"], booked["usage_source"]) == ("failed", 0, "none")


@pytest.mark.parametrize("stream", [False, True])
def test_are_told_what_is_wrong_with_the_request_itself(gateway: Gateway, stream: bool) -> None:
    long = "The input token count (1048580) exceeds the maximum number of tokens allowed (1048576)."
    with scripted(answer(error(400, "INVALID_ARGUMENT", long), status=400)) as upstream:
        who, name = sold(gateway, ("gemini", upstream))
        heard = gateway.chat(who.secret, name, stream=stream)
    assert (heard.status, heard.headers["x-error-code"]) == (400, "CONTEXT_LENGTH_EXCEEDED")
    assert "1048580" not in heard.raw.decode()


@pytest.mark.parametrize("stream", [False, True])
def test_are_free_where_the_prompt_was_blocked(gateway: Gateway, stream: bool) -> None:
    blocked = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 5}}
    with scripted(streamed(blocked) if stream else answer(blocked)) as upstream:
        who, name = sold(gateway, ("gemini", upstream))
        heard = gateway.chat(who.secret, name, stream=stream)
    choices = [event["choices"][0] for event in (heard.events if stream else [heard.json])]
    assert (heard.status, choices[0]["finish_reason"]) == (200, "content_filter")
    booked = one_event(who)
    assert (booked["status"], booked["cost"], booked["finish_reason"]) == ("ok", 0, "content_filter")


@pytest.mark.parametrize("stream", [False, True])
def test_are_charged_for_what_came_before_a_filter(gateway: Gateway, stream: bool) -> None:
    filtered = said({"text": "Yes"}, finish="SAFETY", usage=USAGE)
    with scripted(streamed(filtered) if stream else answer(filtered)) as upstream:
        who, name = sold(gateway, ("gemini", upstream))
        gateway.chat(who.secret, name, stream=stream)
    booked = one_event(who)
    assert (booked["status"], booked["cost"], booked["finish_reason"]) == ("ok", COST, "content_filter")


@pytest.mark.parametrize("stream", [False, True])
def test_are_free_where_a_call_came_to_nothing(gateway: Gateway, stream: bool) -> None:
    usage = {"promptTokenCount": 10, "totalTokenCount": 10}
    failed = said(finish="MALFORMED_FUNCTION_CALL", usage=usage)
    with scripted(streamed(failed) if stream else answer(failed)) as upstream:
        who, name = sold(gateway, ("gemini", upstream))
        heard = gateway.chat(who.secret, name, stream=stream)
    choice = (heard.events if stream else [heard.json])[0]["choices"][0]
    assert choice["finish_reason"] == "stop"
    assert choice["native_finish_reason"] == "MALFORMED_FUNCTION_CALL"
    assert one_event(who)["cost"] == 0


@pytest.mark.parametrize(
    "last",
    [
        {"ended": True},  # the connection ends well, and yet no candidate told why it did
        {"ended": False},
    ],
)
def test_are_cut_off_where_no_candidate_told_why_it_ended(gateway: Gateway, last: dict[str, bool]) -> None:
    with scripted(streamed(*PIECES[:2], **last)) as upstream:
        who, name = sold(gateway, ("gemini", upstream))
        heard = gateway.chat(who.secret, name, stream=True)
    assert "[DONE]" not in heard.data
    assert heard.events[-1]["error"]
    booked = one_event(who)
    assert (booked["status"], booked["usage_source"]) == ("upstream_cut", "counted")
    assert (booked["input_tokens"], booked["cached_tokens"]) == (600, 400)
    delivered = (booked["output_tokens"] + booked["reasoning_tokens"]) * RATES["output"]
    assert booked["output_tokens"] > 0
    assert booked["cost"] == (600 * RATES["input"] + 400 * RATES["cached"] + delivered) // 1000


def test_are_cut_off_by_an_error_in_the_middle(gateway: Gateway) -> None:
    with scripted(streamed(PIECES[0], PIECES[1], error(500, "INTERNAL", "secret"))) as upstream:
        who, name = sold(gateway, ("gemini", upstream))
        heard = gateway.chat(who.secret, name, stream=True)
    assert "[DONE]" not in heard.data
    assert_no_leak(heard.raw)
    assert one_event(who)["status"] == "upstream_cut"


@pytest.mark.parametrize("stream", [False, True])
def test_are_counted_here_where_no_count_came(gateway: Gateway, stream: bool) -> None:
    bare = said({"text": "Yes."}, finish="STOP")
    with scripted(streamed(bare) if stream else answer(bare)) as upstream:
        who, name = sold(gateway, ("gemini", upstream))
        gateway.chat(who.secret, name, stream=stream)
    booked = one_event(who)
    assert (booked["status"], booked["usage_source"]) == ("ok", "counted")
    assert booked["cost"] > 0


def test_pass_by_a_place_that_has_no_word_for_what_was_asked(gateway: Gateway, sandbox: str) -> None:
    with scripted() as never:
        who = customer()
        name = gemini_model(("gemini", never.base_url, "gemini-3-flash"), ("openai", sandbox, "words"))
        alone = gemini_model(("gemini", never.base_url, "gemini-3-flash"))
        gateway.knows(who.secret, name, alone)
        assert gateway.chat(who.secret, name, logit_bias={"1": 5}).status == 200
        heard = gateway.chat(who.secret, alone, logit_bias={"1": 5}, headers={"Accept": "application/json"})
    assert (heard.status, heard.json["error"]["param"]) == (400, "logit_bias")
