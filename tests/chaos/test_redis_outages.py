"""Redis is stopped, frozen, slow, flapping, emptied or full: limits stay exact, every admitted call is answered, all say so."""

import time
from contextlib import ExitStack

import pytest

from tests.fakes.exchange import ask
from tests.fakes.gateway import running_gateway
from tests.fakes.open_stream import open_stream

from .offered import CONDITIONS, offered, statuses, under
from .town import Town

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(240), pytest.mark.usefixtures("committed")]

CAP, OFFERED, AT_ONCE = 10, 100, 20
STREAMS = 6


@pytest.mark.parametrize("condition", CONDITIONS)
def test_caps_are_exact(town: Town, condition: str) -> None:
    who, name = town.known("words", day_cap=CAP)
    before = town.calls()
    with under(condition, town.valkey):
        answers = offered(town.gateways, who.secret, name, requests=OFFERED, at_once=AT_ONCE)
    assert statuses(answers) == {200: CAP, 429: OFFERED - CAP}
    assert town.calls() - before == CAP


@pytest.mark.parametrize("condition", ["stopped", "frozen"])
def test_stream_slots_are_exact_and_given_back(town: Town, condition: str) -> None:
    who, name = town.known("slow-30ms", stream_cap=STREAMS)
    with under(condition, town.valkey):
        answers = offered(
            town.gateways, who.secret, name, requests=3 * STREAMS, at_once=3 * STREAMS, stream=True
        )
        assert statuses(answers) == {200: STREAMS, 429: 2 * STREAMS}
        assert who.account()["open_streams"] == 0


def test_one_process_alone_is_exact_too(town: Town) -> None:
    who, name = town.known("words", day_cap=CAP)
    with under("stopped", town.valkey):
        answers = offered(town.gateways[:1], who.secret, name, requests=3 * CAP, at_once=AT_ONCE)
    assert statuses(answers) == {200: CAP, 429: 2 * CAP}


def test_streams_are_killed_within_seconds(town: Town) -> None:
    who, name = town.known("endless-20ms")
    headers = {"X-API-Key": who.secret}
    with under("stopped", town.valkey), ExitStack() as block:
        streams = [block.enter_context(open_stream(gateway, headers, name)) for gateway in 3 * town.gateways]
        began = time.monotonic()
        told = ask("POST", town.gateways[0].base_url + "/user/streams/kill", headers=headers)
        assert told.json == {"killed_streams": len(streams)}
        assert (
            max(stream.end() for stream in streams) - began < 10
        )  # three seconds, were this machine ours alone
    assert all(stream.heard.endswith(b"data: [DONE]\n\n") for stream in streams)
    assert [event["status"] for event in who.events()] == ["killed"] * len(streams)


def test_a_process_that_ends_meanwhile_tells_and_settles_every_stream(town: Town) -> None:
    who, name = town.known("slow")
    headers = {"X-API-Key": who.secret}
    with (
        under("frozen", town.valkey),
        running_gateway(REDIS_URL=town.valkey.url, TOLLWAY_DRAIN_SECONDS="1") as gateway,
        ExitStack() as block,
    ):
        gateway.knows(who.secret, name)
        streams = [block.enter_context(open_stream(gateway, headers, name)) for _ in range(STREAMS)]
        gateway.stop()
        for stream in streams:
            stream.end()
        gateway.gone()
    assert all(b'"code":"UNAVAILABLE"' in stream.heard for stream in streams)
    assert [event["status"] for event in who.events()] == ["drained"] * STREAMS
    assert (who.open_requests(), who.account()["held"], who.account()["open_streams"]) == (0, 0, 0)


@pytest.mark.parametrize(("condition", "name"), [("stopped", "redis"), ("frozen", "redis-slow")])
def test_every_answer_says_so_until_it_is_over(town: Town, condition: str, name: str) -> None:
    gateway = town.gateways[0]
    with under(condition, town.valkey):
        gateway.eventually(lambda: name in town.said(), within=30)
        refused = ask("POST", gateway.base_url + "/chat/completions", {})
        assert name in refused.headers["x-tollway-degraded"]
        told = ask("GET", gateway.base_url + "/status").json["degraded"]
        assert name in [each["mode"] for each in told]
        health = ask("GET", gateway.base_url.removesuffix("v1") + "livez")
        assert "x-tollway-degraded" not in health.headers
    gateway.eventually(lambda: not town.said() & {"redis", "redis-slow"}, within=10)
