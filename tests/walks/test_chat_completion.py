"""A chat completion, from the caller to the usage event."""

import openai
import pytest
from openai.types.chat import ChatCompletionUserMessageParam

from billing.models import UsageEvent
from catalog.models import Multiplier
from kernel import clock
from tests.fakes.caller import call
from tests.fakes.cast import RATES, Customer, customer, model
from tests.fakes.gateway import Gateway
from tests.fakes.scripted import answer, scripted

pytestmark = pytest.mark.usefixtures("committed")

ASKED: ChatCompletionUserMessageParam = {"role": "user", "content": "What is a rate limiter?"}
WHOLE = {
    "id": "theirs",
    "object": "chat.completion",
    "model": "up/m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Yes."}, "finish_reason": "stop"}],
    "usage": {
        "prompt_tokens": 100,
        "completion_tokens": 50,
        "total_tokens": 150,
        "prompt_tokens_details": {"cached_tokens": 40},
        "completion_tokens_details": {"reasoning_tokens": 20},
    },
}


def sdk(gateway: Gateway, who: Customer) -> openai.OpenAI:
    return openai.OpenAI(base_url=gateway.base_url, api_key=who.secret, max_retries=0, timeout=20)


def test_is_answered_and_charged_to_the_nano(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "words"))
    gateway.knows(who.secret, name)
    with sdk(gateway, who) as client:
        raw = client.chat.completions.with_raw_response.create(model=name, messages=[ASKED])
    reply, event = raw.parse(), who.event(raw.headers["x-request-id"])
    assert reply.usage is not None
    assert (reply.model, reply.id) == (name, f"chatcmpl-{event['request_id'].hex}")
    assert reply.choices[0].message.content
    assert (event["status"], event["usage_source"], event["http_status"]) == ("ok", "upstream", 200)
    counted = (event["input_tokens"], event["output_tokens"])
    assert counted == (reply.usage.prompt_tokens, reply.usage.completion_tokens)
    assert event["cost"] == (counted[0] * RATES["input"] + counted[1] * RATES["output"] + 500) // 1000
    assert who.account()["unbilled"] == event["cost"]
    assert (who.account()["held"], who.open_requests()) == (0, 0)


def test_pays_each_class_of_tokens_at_its_own_rate(gateway: Gateway) -> None:
    with scripted(answer(WHOLE)) as upstream:
        who, name = customer(), model((upstream.base_url, "m"))
        gateway.knows(who.secret, name)
        heard = gateway.chat(who.secret, name)
    event = who.event(heard.headers["x-request-id"])
    classes = [event[f"{name}_tokens"] for name in ("input", "cached", "output", "reasoning")]
    assert classes == [60, 40, 30, 20]
    rates = [RATES[name] for name in ("input", "cached", "output", "reasoning")]
    cost = sum(count * rate for count, rate in zip(classes, rates, strict=True)) // 1000
    assert event["cost"] == cost
    assert heard.headers["x-tollway-cost"] == f"{cost / 1e9:.9f}"
    assert heard.json["usage"] == {**WHOLE["usage"], "cost": cost / 1e9}  # type: ignore[dict-item]


def test_applies_the_multipliers_that_were_in_force(gateway: Gateway) -> None:
    with scripted(answer(WHOLE)) as upstream:
        who, name = customer(), model((upstream.base_url, "m"))
        half = Multiplier.objects.create(
            scope="model", target=name, factor_ppm=500_000, valid_from=clock.now(), reason="test"
        )
        gateway.knows(who.secret, name)
        heard = gateway.chat(who.secret, name)
    event = who.event(heard.headers["x-request-id"])
    assert event["multipliers"] == f"{half.pk}:500000"
    assert event["cost"] == (60 * 2_000_000 + 40 * 500_000 + 30 * 8_000_000 + 20 * 9_000_000) // 2000


def test_sends_upstream_what_was_asked_and_nothing_of_the_caller(gateway: Gateway) -> None:
    with scripted(answer(WHOLE)) as upstream:
        who, name = customer(), model((upstream.base_url, "up/m"))
        gateway.knows(who.secret, name)
        body = {"model": name, "messages": [ASKED], "seed": 7, "made_up": {"a": [1]}, "api_base": "http://x"}
        heard = call(
            gateway.base_url,
            "/chat/completions",
            body,
            headers={"X-API-Key": who.secret, "Cookie": "a=b", "X-Forwarded-For": "1.2.3.4"},
        )
    (seen,) = upstream.seen
    assert seen.path == "/v1/chat/completions"
    assert seen.json == {
        "model": "up/m",
        "messages": [ASKED],
        "seed": 7,
        "made_up": {"a": [1]},
        "max_tokens": 8192,
    }
    assert set(seen.headers) == {
        "host",
        "accept",
        "accept-encoding",
        "content-length",
        "content-type",
        "user-agent",
        "x-request-id",
    }
    assert seen.headers["x-request-id"] == heard.headers["x-request-id"]
    assert seen.headers["accept-encoding"] == "identity"


def test_says_who_answered_and_what_is_left(gateway: Gateway) -> None:
    with scripted(answer(WHOLE, status=500), answer(WHOLE)) as upstream:
        who = customer(minute_cap=100, hour_cap=5, day_cap=50)
        name = model((upstream.base_url, "m"), (upstream.base_url, "m"))
        gateway.knows(who.secret, name)
        heard = gateway.chat(who.secret, name)
    first, second = heard.headers["x-tollway-attempts"].split(",")
    assert first.endswith(":status_500")
    assert second == f"{heard.json['provider']}:ok"
    assert heard.headers["x-router-fallback"] == "true"
    assert heard.headers["x-router-model"] == name == heard.json["model"]
    assert heard.headers["x-router-provider"] == heard.headers["x-tollway-provider"] == heard.json["provider"]
    assert heard.headers["x-router-request-id"] == heard.headers["x-request-id"]
    assert (heard.headers["ratelimit-limit"], heard.headers["ratelimit-remaining"]) == ("5", "4")
    assert heard.headers["x-ratelimit-remaining-requests"] == "4"
    assert 0 <= int(heard.headers["ratelimit-reset"]) <= 3600
    assert heard.headers["cache-control"] == "no-store"
    assert heard.headers["vary"] == "Authorization, X-API-Key, Cookie"
    assert int(heard.headers["x-tollway-overhead-ms"]) <= int(heard.headers["x-router-latency-ms"])
    (failed,) = who.attempts(heard.headers["x-request-id"])
    assert (failed["number"], failed["outcome"], failed["http_status"]) == (1, "status_500", 500)
    assert who.event(heard.headers["x-request-id"])["attempts"] == 2


def test_is_free_when_the_answer_is_empty(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "empty"))
    gateway.knows(who.secret, name)
    heard = gateway.chat(who.secret, name)
    event = who.event(heard.headers["x-request-id"])
    assert (heard.status, event["status"], event["cost"]) == (200, "ok", 0)


def test_is_charged_for_an_empty_answer_where_the_plan_says_so(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(empty_answers_are_free=False), model((sandbox, "empty"))
    gateway.knows(who.secret, name)
    heard = gateway.chat(who.secret, name)
    event = who.event(heard.headers["x-request-id"])
    assert event["cost"] == event["input_tokens"] * RATES["input"] // 1000 > 0


@pytest.mark.parametrize("upstream_model", ["no-usage", "negative-usage"])
def test_counts_itself_when_the_figures_are_missing_or_impossible(
    gateway: Gateway, sandbox: str, upstream_model: str
) -> None:
    who, name = customer(), model((sandbox, upstream_model))
    gateway.knows(who.secret, name)
    heard = gateway.chat(who.secret, name)
    event = who.event(heard.headers["x-request-id"])
    assert (event["usage_source"], event["suspect"]) == ("counted", upstream_model == "negative-usage")
    usage = heard.json["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"]) == (
        event["input_tokens"],
        event["output_tokens"],
    )
    assert event["cost"] > 0


def test_carries_the_tag(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "words"))
    gateway.knows(who.secret, name)
    heard = gateway.chat(who.secret, name, headers={"X-Tollway-Tag": "team-7"})
    assert who.event(heard.headers["x-request-id"])["tag"] == "team-7"


def test_leaves_one_event_for_each_request_that_was_let_in(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "flaky"), (sandbox, "error-500"))
    gateway.knows(who.secret, name)
    ids = {gateway.chat(who.secret, name).headers["x-request-id"] for _ in range(10)}
    events = who.events()
    assert {str(event["request_id"]) for event in events} == ids
    assert UsageEvent.objects.filter(workspace_id=who.workspace.pk).count() == 10
    assert who.account()["unbilled"] == sum(event["cost"] for event in events)
