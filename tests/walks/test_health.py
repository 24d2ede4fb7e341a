"""Health as callers are shown it: what their calls met is in the feed of endpoints and in the public status."""

from typing import Any

import pytest

from billing import health as written
from billing import vitals
from catalog.models import Hop
from tests.fakes.cast import Customer, customer, model
from tests.fakes.exchange import ask
from tests.fakes.gateway import Gateway
from tests.fakes.ports import free_port
from tests.fakes.scripted import answer, scripted

pytestmark = pytest.mark.usefixtures("committed")

# What was noted is written, and what is written is read, with some time for the machine.
SOON = written.EVERY_SECONDS + vitals.EVERY_SECONDS + 6
UPTIMES = ("uptime_last_5m", "uptime_last_30m", "uptime_last_1d")


def endpoints(gateway: Gateway, who: Customer, name: str) -> list[dict[str, Any]]:
    told = ask("GET", f"{gateway.base_url}/models/{name}/endpoints", headers={"X-API-Key": who.secret})
    found: list[dict[str, Any]] = told.json["data"]["endpoints"]
    return found


def status(gateway: Gateway, name: str) -> tuple[dict[str, str], str]:
    """Return how the providers are, and how a model is."""
    told = ask("GET", f"{gateway.base_url}/status").json
    (found,) = [found["status"] for found in told["models"] if found["id"] == name]
    return {house["name"]: house["status"] for house in told["providers"]}, found


def houses(name: str) -> list[str]:
    hops = Hop.objects.filter(chain__model__public_id=name).order_by("position")
    return [hop.endpoint.provider.slug for hop in hops]


def test_of_calls_that_were_answered_is_shown_soon(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "words"))
    gateway.knows(who.secret, name)
    for stream in (True, True, False):
        assert gateway.chat(who.secret, name, stream=stream).status == 200
    gateway.eventually(lambda: endpoints(gateway, who, name)[0]["uptime_last_5m"] is not None, within=SOON)
    (found,) = endpoints(gateway, who, name)
    assert [found[window] for window in UPTIMES] == [100.0] * 3
    assert found["status"] == 0
    for spread in (found["latency_last_30m"], found["throughput_last_30m"]):
        assert list(spread) == ["p50", "p75", "p90", "p99"]
        assert 0 < spread["p50"] <= spread["p75"] <= spread["p90"] <= spread["p99"]
    assert found["latency_last_30m"]["p99"] < 20_000
    providers, whole = status(gateway, name)
    assert (providers[houses(name)[0]], whole) == ("operational", "operational")


def test_of_a_provider_that_fails_is_degraded_then_down_and_an_incident(
    gateway: Gateway, sandbox: str
) -> None:
    who, name = customer(), model((sandbox, "error-500"), (sandbox, "words"))
    gateway.knows(who.secret, name)
    failing, good = houses(name)

    def call(text: str) -> None:
        # Another conversation each time: one that was served elsewhere stays there.
        messages = [{"role": "user", "content": text}]
        heard = gateway.chat(who.secret, name, messages=messages)
        assert heard.headers["x-tollway-attempts"] == f"{failing}:status_500,{good}:ok"

    call("one")
    call("two")
    gateway.eventually(lambda: endpoints(gateway, who, name)[0]["status"] == -1, within=SOON)
    assert status(gateway, name)[0][failing] == "degraded"
    call("three")
    gateway.eventually(lambda: endpoints(gateway, who, name)[0]["status"] == -2, within=SOON)
    first, second = endpoints(gateway, who, name)
    assert (first["uptime_last_5m"], first["latency_last_30m"]) == (0.0, None)
    assert (second["uptime_last_5m"], second["status"]) == (100.0, 0)
    providers, whole = status(gateway, name)
    assert (providers[failing], providers[good], whole) == ("down", "operational", "degraded")
    incidents = ask("GET", f"{gateway.base_url}/status").json["incidents"]
    (incident,) = [incident for incident in incidents if incident["provider"] == failing]
    assert (incident["severity"], incident["status"], incident["resolved_at"]) == ("down", "ongoing", None)
    assert incident["title"] == "test has been down"
    assert incident["description"] == "3 of 3 calls failed: 3 with an error."
    assert incident["created_at"] <= ask("GET", f"{gateway.base_url}/status").json["last_updated"]


def test_of_a_model_that_nobody_can_serve_is_down(gateway: Gateway) -> None:
    nobody = f"http://127.0.0.1:{free_port()}/v1"
    who, name = customer(), model((nobody, "m"))
    gateway.knows(who.secret, name)
    for _ in range(2):  # two tries each
        assert gateway.chat(who.secret, name).status == 502
    gateway.eventually(lambda: status(gateway, name)[1] == "down", within=SOON)


def test_of_a_provider_does_not_suffer_from_bad_requests(gateway: Gateway) -> None:
    bad = answer({"error": {"message": "no", "code": "invalid_value"}}, status=400)
    good = answer(
        {
            "object": "chat.completion",
            "choices": [
                {"index": 0, "message": {"role": "assistant", "content": "Yes."}, "finish_reason": "stop"}
            ],
            "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
        }
    )
    with scripted(bad, bad, bad, good) as upstream:
        who, name = customer(), model((upstream.base_url, "m"))
        gateway.knows(who.secret, name)
        heard = [gateway.chat(who.secret, name).status for _ in range(4)]
    assert heard == [400, 400, 400, 200]
    gateway.eventually(lambda: endpoints(gateway, who, name)[0]["uptime_last_5m"] == 100.0, within=SOON)
    (found,) = endpoints(gateway, who, name)
    # Two tokens tell nothing of speed, and a chat that comes whole nothing of its first byte.
    assert (found["latency_last_30m"], found["throughput_last_30m"]) == (None, None)
