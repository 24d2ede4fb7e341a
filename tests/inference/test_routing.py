"""Finding who answers."""

import asyncio
import dataclasses
import time
from collections.abc import Iterator

import pytest
from django.conf import settings

from catalog.snapshot import Hop
from inference import routing
from inference.adapters import Refusal, Unsupported
from inference.budget import RetryBudget
from inference.legs import Leg
from inference.news import News
from inference.routing import Exhausted, Reached, RefusedRequest, Roads, Trail, candidates, reach
from inference.upstream import UpstreamFailed
from kernel.cache import Cache
from tests.fakes.hops import ONE
from tests.fakes.legs import leg

TWO = dataclasses.replace(ONE, provider_id=2, provider="two", endpoint_id=2)
SANDBOX = dataclasses.replace(ONE, provider_id=3, provider="sandbox", endpoint_id=3, dialect="sandbox")

ERROR = UpstreamFailed("status_500", status=500)
TIMEOUT = UpstreamFailed("timeout", timed_out=True)
UNREACHED = UpstreamFailed("connect_timeout", timed_out=True)
SHORT = UpstreamFailed("no_connections", ours=True)


def roads(news: News | None = None, budget: RetryBudget | None = None) -> Roads:
    return Roads(news or News(Cache(settings.REDIS_URL)), budget or RetryBudget(), lambda leg, failure: None)


def walk(
    hops: list[Hop],
    *replies: "str | UpstreamFailed",
    news: News | None = None,
    budget: RetryBudget | None = None,
) -> tuple[Reached[str], Trail]:
    """Reach out to upstreams that reply so, in turn; every reply must be used."""
    trail, left = Trail(), iter(replies)

    async def attempt(leg: Leg, seconds: float) -> str:
        assert 0 < seconds <= 600
        return said(leg.hop, left)

    legs = [leg(hop) for hop in hops]
    try:
        return asyncio.run(reach(legs, attempt, roads=roads(news, budget), trail=trail)), trail
    except (Exhausted, RefusedRequest) as error:
        error.add_note(trail.text)
        raise
    finally:
        assert next(left, None) is None, "an upstream was not asked"


def said(hop: Hop, left: "Iterator[str | UpstreamFailed]") -> str:
    reply = next(left)
    if isinstance(reply, UpstreamFailed):
        raise reply
    return f"{hop.provider} {reply}"


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routing, "PAUSE_SECONDS", 0.01)


def test_takes_the_first_that_answers() -> None:
    reached, trail = walk([ONE, TWO], "hello")
    assert (reached.answer, reached.leg.hop, reached.fallback) == ("one hello", ONE, False)
    assert (trail.text, trail.failed) == ("one:ok", [])


@pytest.mark.parametrize(
    "failure",
    [ERROR, TIMEOUT, UNREACHED]
    + [
        UpstreamFailed(f"status_{status}", status=status)
        for status in (301, 401, 402, 403, 404, 408, 429, 529)
    ]
    + [UpstreamFailed(word) for word in ("connect_error", "disconnected", "bad_body", "bad_type", "empty")],
)
def test_goes_to_the_next_after_a_failure(failure: UpstreamFailed) -> None:
    reached, trail = walk([ONE, TWO], failure, "hello")
    assert (reached.answer, reached.fallback) == ("two hello", True)
    assert trail.text == f"one:{failure.outcome},two:ok"
    (failed,) = trail.failed
    assert (failed.number, failed.provider_id, failed.http_status) == (1, 1, failure.status)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_tries_nobody_else_with_a_request_that_is_wrong(status: int) -> None:
    with pytest.raises(RefusedRequest) as refused:
        walk([ONE, TWO], UpstreamFailed("refused", status=status, refusal=Refusal(True, "x")))
    assert (refused.value.status, refused.value.code) == (status, "x")


def test_goes_round_twice() -> None:
    reached, trail = walk([ONE, TWO], ERROR, ERROR, ERROR, "hello")
    assert reached.answer == "two hello"
    assert [failed.number for failed in trail.failed] == [1, 2, 3]


def test_pauses_before_the_second_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routing, "PAUSE_SECONDS", 0.2)
    began = time.monotonic()
    walk([ONE], ERROR, "hello")
    assert time.monotonic() - began >= 0.2


def test_gives_up_after_two_rounds() -> None:
    with pytest.raises(Exhausted) as gave_up:
        walk([ONE, TWO], ERROR, ERROR, ERROR, ERROR)
    assert not gave_up.value.timed_out


def test_never_goes_round_again_once_something_timed_out() -> None:
    with pytest.raises(Exhausted) as gave_up:
        walk([ONE, TWO], TIMEOUT, ERROR)
    assert not gave_up.value.timed_out


def test_never_goes_round_again_for_an_answer_that_we_had_no_room_for() -> None:
    with pytest.raises(Exhausted) as failed:
        walk([ONE], UpstreamFailed("no_room", ours=True))
    assert failed.value.ours


def test_goes_round_again_when_nothing_had_been_sent() -> None:
    reached, _ = walk([ONE], UNREACHED, "hello")
    assert reached.answer == "one hello"


def test_says_that_all_timed_out() -> None:
    with pytest.raises(Exhausted) as gave_up:
        walk([ONE, TWO], TIMEOUT, TIMEOUT)
    assert gave_up.value.timed_out


def test_says_that_it_could_call_nobody() -> None:
    for replies, ours in ((SHORT, SHORT, SHORT, SHORT), True), ((SHORT, ERROR, SHORT, SHORT), False):
        with pytest.raises(Exhausted) as failed:
            walk([ONE, TWO], *replies)
        assert (failed.value.ours, failed.value.timed_out) == (ours, False)


def test_blames_no_place_for_what_we_are_short_of() -> None:
    news = News(Cache(settings.REDIS_URL))
    for _ in range(5):
        with pytest.raises(Exhausted):
            walk([ONE], SHORT, SHORT, news=news)
    assert walk([ONE], "hello", news=news)[0].answer == "one hello"


def test_opens_the_breaker_and_skips_the_place() -> None:
    news = News(Cache(settings.REDIS_URL))
    for _ in range(5):
        walk([ONE, TWO], ERROR, "hello", news=news)
    reached, trail = walk([ONE, TWO], "hello", news=news)
    assert (reached.leg.hop, trail.text) == (TWO, "one:open,two:ok")


def test_answers_at_once_when_every_breaker_is_open() -> None:
    news = News(Cache(settings.REDIS_URL))
    news.breaker.heard((ONE.endpoint_id, ONE.upstream_model), 60, tripped=True)
    with pytest.raises(Exhausted) as gave_up:
        walk([ONE], news=news)
    assert gave_up.value.__notes__ == ["one:open"]


def test_blames_no_place_for_a_wrong_request() -> None:
    news = News(Cache(settings.REDIS_URL))
    for _ in range(9):
        with pytest.raises(RefusedRequest):
            walk([ONE], UpstreamFailed("status_400", status=400, refusal=Refusal(True)), news=news)
    assert news.breaker.verdict((ONE.endpoint_id, ONE.upstream_model)) == "closed"


def test_skips_a_place_that_asked_to_wait() -> None:
    news = News(Cache(settings.REDIS_URL))
    walk([ONE, TWO], UpstreamFailed("status_429", status=429, retry_after=30), "hello", news=news)
    reached, _ = walk([ONE, TWO], "hello", news=news)
    assert reached.leg.hop == TWO


def test_stops_when_the_time_for_the_whole_walk_is_over() -> None:
    async def slow(leg: Leg, seconds: float) -> str:
        await asyncio.sleep(0.06)
        raise ERROR

    async def go() -> None:
        legs = [leg(ONE), leg(TWO)]
        await reach(legs, slow, roads=roads(), trail=Trail(), total_seconds=0.05)

    with pytest.raises(Exhausted) as gave_up:
        asyncio.run(go())
    assert gave_up.value.timed_out


def test_leaves_the_sandbox_out_where_a_real_provider_is_connected() -> None:
    assert candidates((ONE, SANDBOX), rank=1) == [ONE]
    assert candidates((dataclasses.replace(ONE, configured=False), SANDBOX), rank=1) == [SANDBOX]


def test_leaves_out_what_the_plan_is_too_low_for() -> None:
    high = dataclasses.replace(ONE, min_plan_rank=3)
    assert candidates((high, TWO), rank=2) == [TWO]
    assert candidates((high, TWO), rank=3) == [high, TWO]


def test_passes_by_who_has_no_words_for_the_request() -> None:
    wordless = UpstreamFailed(
        "unsupported", unsupported=Unsupported("n", "Only one answer can be asked for.")
    )
    reached, trail = walk([ONE, TWO], wordless, "hello")
    assert (reached.leg.hop, trail.text) == (TWO, "one:unsupported,two:ok")
    with pytest.raises(RefusedRequest) as refused:
        walk([ONE, TWO], wordless, wordless)
    assert refused.value.unsupported is not None
    assert (refused.value.status, refused.value.unsupported.param) == (400, "n")


def test_goes_round_again_only_while_the_budget_lasts() -> None:
    budget = RetryBudget()
    while budget.take():
        pass
    with pytest.raises(Exhausted):
        walk([ONE], ERROR, budget=budget)
    reached, _ = walk([ONE, TWO], ERROR, "hello", budget=budget)  # the next hop is no repeat
    assert reached.leg.hop == TWO


def test_puts_an_own_key_first_also_where_we_have_none() -> None:
    bare = dataclasses.replace(TWO, configured=False)
    assert candidates((ONE, bare), rank=1) == [ONE]
    assert candidates((ONE, bare), rank=1, own_keys={bare.provider_id}) == [bare, ONE]
    nowhere = dataclasses.replace(bare, base_url="")
    assert candidates((ONE, nowhere), rank=1, own_keys={bare.provider_id}) == [ONE]
