"""Calls to upstreams: with which key they go out, how often, and to where."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from catalog.snapshot import Hop, Key
from inference.room import FREE_BYTES, Place, Room
from inference.upstream import UpstreamFailed, Upstreams
from tests.fakes.hops import ONE
from tests.fakes.scripted import Answer, Hang, Scripted, answer, event, scripted, stream

T = TypeVar("T")
A, B, C = (Key(number, f"sk-secret-{number}") for number in (1, 2, 3))
GOOD = answer({"id": "x", "object": "chat.completion", "choices": [{"message": {"content": "Hi"}}]})
EVENTS = stream(event({"choices": [{"delta": {"content": "Hi"}}]}), b"data: [DONE]\n\n")
LIMITED = answer({"error": {}}, status=429, headers={"Retry-After": "7"})


def refusal(status: int) -> Answer:
    return answer({"error": {"message": "no"}}, status=status)


def at(upstream: Scripted, *keys: Key, **changes: Any) -> Hop:
    return replace(ONE, base_url=upstream.base_url, keys=keys, needs_key=True, **changes)


def within(walk: Callable[[Upstreams], Awaitable[T]]) -> T:
    async def run() -> T:
        upstreams = Upstreams()
        try:
            return await walk(upstreams)
        finally:
            await upstreams.close()

    return asyncio.run(run())


async def asked(upstreams: Upstreams, hop: Hop, *, secret: str | None = None) -> None:
    with Room(0).place() as place:
        await upstreams.whole(
            hop,
            "/chat/completions",
            {},
            accepts=lambda _: True,
            request_id="r",
            seconds=5,
            place=place,
            secret=secret,
        )


async def whole(upstreams: Upstreams, hop: Hop, *, secret: str | None = None) -> str:
    """Return "ok", or what the call failed with."""
    try:
        await asked(upstreams, hop, secret=secret)
    except UpstreamFailed as failure:
        return failure.outcome
    return "ok"


async def opened(upstreams: Upstreams, hop: Hop, *, secret: str | None = None) -> str:
    try:
        found = await upstreams.open(hop, "/chat/completions", {}, request_id="r", seconds=5, secret=secret)
    except UpstreamFailed as failure:
        return failure.outcome
    found.close()
    return "ok"


CALLS = pytest.mark.parametrize(("call", "good"), [(whole, GOOD), (opened, EVENTS)], ids=["plain", "stream"])


def keys_of(upstream: Scripted) -> list[str]:
    return [request.headers.get("authorization", "").removeprefix("Bearer ") for request in upstream.seen]


@CALLS
def test_take_keys_in_turn(call: Any, good: Answer) -> None:
    with scripted(good, good, good) as upstream:
        hop = at(upstream, A, B)
        assert within(lambda ups: _each(ups, [call] * 3, hop)) == ["ok"] * 3
        assert keys_of(upstream) == [A.secret, B.secret, A.secret]


async def _each(upstreams: Upstreams, calls: list[Any], hop: Hop) -> list[str]:
    return [await call(upstreams, hop) for call in calls]


@CALLS
@pytest.mark.parametrize("status", [401, 402, 403, 429])
def test_try_another_key_where_one_is_refused(call: Any, good: Answer, status: int) -> None:
    with scripted(refusal(status), good, good) as upstream:
        assert within(lambda ups: _each(ups, [call] * 2, at(upstream, A, B))) == ["ok"] * 2
        assert keys_of(upstream) == [A.secret, B.secret, B.secret]


@CALLS
def test_try_no_third_key_in_one_attempt(call: Any, good: Answer) -> None:
    with scripted(refusal(401), refusal(401), good) as upstream:
        assert within(lambda ups: _each(ups, [call] * 2, at(upstream, A, B, C))) == ["status_401", "ok"]
        assert keys_of(upstream) == [A.secret, B.secret, C.secret]


@CALLS
@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_try_no_other_key_for_what_is_not_the_keys(call: Any, good: Answer, status: int) -> None:
    with scripted(refusal(status), good) as upstream:
        assert within(lambda ups: _each(ups, [call] * 2, at(upstream, A, B))) == [f"status_{status}", "ok"]


def test_are_not_made_without_a_key_that_may_be_sent() -> None:
    with scripted(refusal(401)) as upstream:
        outcomes = within(lambda ups: _each(ups, [whole] * 2, at(upstream, A)))
        assert outcomes == ["status_401", "keys_aside"]
        assert within(lambda ups: whole(ups, at(upstream))) == "keys_aside"


def test_wait_for_a_place_whose_keys_are_only_limited() -> None:
    async def walk(upstreams: Upstreams) -> tuple[int | None, float | None]:
        await whole(upstreams, hop)
        with pytest.raises(UpstreamFailed) as failed:
            await asked(upstreams, hop)
        return failed.value.status, failed.value.retry_after

    with scripted(LIMITED) as upstream:
        hop = at(upstream, A)
        status, wait = within(walk)
    assert status == 429
    assert wait is not None
    assert 6 < wait <= 7


def test_go_out_without_a_key_where_none_is_needed() -> None:
    with scripted(GOOD) as upstream:
        hop = replace(ONE, base_url=upstream.base_url)
        assert within(lambda ups: whole(ups, hop)) == "ok"
        assert "authorization" not in upstream.seen[0].headers


@CALLS
def test_on_a_customers_own_key_use_no_other(call: Any, good: Answer) -> None:
    async def walk(upstreams: Upstreams) -> list[str]:
        return [await call(upstreams, hop, secret="sk-own") for _ in range(2)] + [await call(upstreams, hop)]

    with scripted(refusal(401), good, good) as upstream:
        hop = at(upstream, A)
        assert within(walk) == ["status_401", "ok", "ok"]
        assert keys_of(upstream) == ["sk-own", "sk-own", A.secret]


def test_say_so_when_it_was_an_own_key_that_failed() -> None:
    async def walk(upstreams: Upstreams, secret: str | None) -> bool:
        with pytest.raises(UpstreamFailed) as failed:
            await upstreams.open(hop, "/x", {}, request_id="r", seconds=5, secret=secret)
        return failed.value.own_key

    with scripted(refusal(401), refusal(429), refusal(500), refusal(401)) as upstream:
        hop = at(upstream, A)
        assert within(lambda ups: walk(ups, "sk-own"))
        assert within(lambda ups: walk(ups, "sk-own"))
        assert not within(lambda ups: walk(ups, "sk-own"))
        assert not within(lambda ups: walk(ups, None))
        assert within(lambda ups: whole(ups, hop, secret="")) == "own_key_unreadable"


@pytest.mark.parametrize(
    "place",
    [
        "http://127.0.0.1:9/v1",
        "https://localhost/v1",
        "https://169.254.169.254/v1",
        "https://[::1]/v1",
        "http://api.example.com/v1",
        "https://user:secret@api.example.com/v1",
        "https://2130706433/v1",
    ],
)
@CALLS
def test_do_not_go_to_an_address_that_must_not_be_called(call: Any, good: Answer, place: str) -> None:
    hop = replace(ONE, base_url=place, private=False)
    assert within(lambda ups: call(ups, hop)) == "refused_address"


def test_are_refused_once_a_provider_is_private_no_more() -> None:
    async def walk(upstreams: Upstreams) -> list[str]:
        return [await whole(upstreams, hop), await whole(upstreams, replace(hop, private=False))]

    with scripted(GOOD) as upstream:
        hop = replace(ONE, base_url=upstream.base_url)
        assert within(walk) == ["ok", "refused_address"]


def test_say_so_when_it_was_our_room_that_an_answer_waited_for_in_vain() -> None:
    async def walk(upstreams: Upstreams) -> list[tuple[str, bool]]:
        room = Room(0)
        with room.place() as eldest, room.place() as place:
            await eldest.grow(FREE_BYTES + 1)
            return [
                await _failed(upstreams, each, place) for each in (hop, replace(hop, base_url=mute.base_url))
            ]

    long = answer({"choices": [{"message": {"content": "a" * 2 * FREE_BYTES}}]})
    with scripted(long) as upstream, scripted((Hang(),)) as mute:
        hop = at(upstream, A, total_seconds=1)
        assert within(walk) == [("no_room", True), ("timeout", False)]


async def _failed(upstreams: Upstreams, hop: Hop, place: Place) -> tuple[str, bool]:
    """Return what a call fails with, and whether it is our fault."""
    with pytest.raises(UpstreamFailed) as failed:
        await upstreams.whole(hop, "/x", {}, accepts=lambda _: True, request_id="r", seconds=5, place=place)
    return failed.value.outcome, failed.value.ours


@CALLS
@pytest.mark.parametrize(
    "location", ["http://127.0.0.1:{port}/v1/x", "http://169.254.169.254/latest", "file:///etc/passwd"]
)
def test_do_not_follow_a_redirect(call: Any, good: Answer, location: str) -> None:
    with scripted() as upstream:
        port = upstream.base_url.rpartition(":")[2].partition("/")[0]
        upstream.add(answer(b"", status=302, headers={"Location": location.format(port=port)}))
        assert within(lambda ups: call(ups, at(upstream, A))) == "status_302"
        assert len(upstream.seen) == 1


def test_send_the_providers_own_headers() -> None:
    with scripted(GOOD) as upstream:
        hop = at(upstream, A, headers={"X-Title": "Tollway"})
        assert within(lambda ups: whole(ups, hop)) == "ok"
        seen = upstream.seen[0].headers
        assert (seen["x-title"], seen["authorization"]) == ("Tollway", f"Bearer {A.secret}")
        assert json.loads(upstream.seen[0].body) == {}
