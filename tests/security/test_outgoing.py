"""S17 and S18 on the wire: which headers go to an upstream, and which of its own come back."""

import pytest

from tests.fakes.cast import customer, model
from tests.fakes.gateway import Gateway
from tests.fakes.scripted import answer, event, scripted, stream

pytestmark = pytest.mark.usefixtures("committed")

WHOLE = {
    "id": "upstream-id",
    "object": "chat.completion",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
}
SENT = {
    "Cookie": "sessionid=of-a-browser",
    "Referer": "https://customers.example/page",
    "Origin": "https://customers.example",
    "User-Agent": "customers-program/1",
    "X-Forwarded-For": "203.0.113.9",
    "X-Real-IP": "203.0.113.9",
    "Forwarded": "for=203.0.113.9",
    "X-Request-Id": "of-the-caller",
    "X-Tollway-Tag": "team",
    "X-Stainless-OS": "Linux",
    "OpenAI-Organization": "org-of-the-caller",
    "Proxy-Authorization": "Basic eA==",
    "Traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "X-Anything": "at all",
}
GO = {
    "host",
    "content-type",
    "content-length",
    "accept",
    "accept-encoding",
    "user-agent",
    "connection",
    "x-request-id",
}
HOSTILE = {
    "Set-Cookie": "sessionid=of-the-upstream",
    "X-Request-Id": "of-the-upstream",
    "Access-Control-Allow-Origin": "https://upstream.example",
    "Content-Security-Policy": "default-src *",
    "Location": "https://upstream.example/",
    "Server": "upstream/1",
    "WWW-Authenticate": "Basic realm=upstream",
    "Clear-Site-Data": '"*"',
    "X-Tollway-Cost": "0",
    "OpenAI-Organization": "org-of-ours",
    "X-Echo": "of-the-upstream",
    "Alt-Svc": 'h3="upstream.example:443"',
}


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_headers_are_made_anew_both_ways(gateway: Gateway, streamed: bool) -> None:
    piece = {"id": "x", "choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}]}
    parts = stream(event({**piece, "usage": WHOLE["usage"]}), b"data: [DONE]\n\n", headers=HOSTILE)
    with scripted(parts if streamed else answer(WHOLE, headers=HOSTILE)) as upstream:
        who, name = customer(), model((upstream.base_url, "m"))
        gateway.knows(who.secret, name)
        heard = gateway.chat(who.secret, name, stream=streamed, headers=SENT)
        assert heard.status == 200, heard.raw
        [seen] = upstream.seen
    assert set(seen.headers) <= GO
    told = str(seen.headers)
    assert [value for value in (*SENT.values(), who.secret, str(who.workspace.slug)) if value in told] == []
    head = heard.raw.partition(b"\r\n\r\n")[0].decode()
    assert "upstream" not in head
    assert not {"set-cookie", "location", "clear-site-data", "alt-svc", "x-echo"} & set(heard.headers)


def test_a_refusal_of_an_upstream_brings_none_of_its_headers_or_words(gateway: Gateway) -> None:
    said = {"error": {"message": "upstream-words at https://upstream.example/v1", "type": "upstream-type"}}
    with scripted(*[answer(said, status=500, headers=HOSTILE)] * 2) as upstream:
        who, name = customer(), model((upstream.base_url, "m"))
        gateway.knows(who.secret, name)
        heard = gateway.chat(who.secret, name)
    assert heard.status == 502
    assert b"upstream-" not in heard.raw
    assert b"upstream.example" not in heard.raw


def test_a_body_goes_without_what_is_ours_or_could_lead_elsewhere(gateway: Gateway) -> None:
    ours = {
        "provider": {"allow_fallbacks": True},
        "transforms": [],
        "api_base": "https://evil.example",
        "base_url": "https://evil.example",
        "api_key": "sk-of-the-caller",
        "extra_headers": {"X-A": "1"},
        "proxy": "http://evil.example",
    }
    with scripted(answer(WHOLE)) as upstream:
        who, name = customer(), model((upstream.base_url, "m"))
        gateway.knows(who.secret, name)
        assert gateway.chat(who.secret, name, **ours, seed=7).status == 200
        [seen] = upstream.seen
    assert set(seen.json) <= {"model", "messages", "seed", "stream", "max_tokens", "max_completion_tokens"}
    assert seen.json["model"] == "m"
