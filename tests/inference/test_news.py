"""Two processes tell each other what they find out, through a real Redis."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable

from asgiref.sync import async_to_sync
from django.conf import settings

from inference.breaker import Place
from inference.news import News
from kernel.cache import BREAKERS, Cache

NOWHERE = "redis://127.0.0.1:9"


def place() -> Place:
    return secrets.randbelow(2**40), "m/odd name"


def two(talk: Callable[[News, News], Awaitable[None]], *, url: str | None = None) -> None:
    async def go() -> None:
        one, other = (News(Cache(url or settings.REDIS_URL)) for _ in range(2))
        await one.start()
        await other.start()
        await asyncio.sleep(0.2)  # until both listen
        try:
            await talk(one, other)
        finally:
            await one.stop()
            await other.stop()

    async_to_sync(go)()


async def soon(true: Callable[[], bool]) -> None:
    for _ in range(100):
        if true():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the news did not come")


def test_an_open_breaker_is_open_for_all_until_it_closes_for_all() -> None:
    async def talk(one: News, other: News) -> None:
        here = place()
        for _ in range(5):
            one.breaker.failed(here)
        await soon(lambda: other.breaker.verdict(here) == "open")
        late = News(Cache(settings.REDIS_URL))
        await late.start()
        assert late.breaker.verdict(here) == "open"
        await late.stop()
        other.breaker.succeeded(here)
        await soon(lambda: one.breaker.verdict(here) == "closed")

    two(talk)


def test_of_all_processes_one_sends_the_probe() -> None:
    async def talk(one: News, other: News) -> None:
        here = place()
        for news in (one, other):
            news.breaker.heard(here, 0.01, tripped=True)
        await asyncio.sleep(0.02)
        let_in = await asyncio.gather(*(news.may_enter(here) for news in (one, other) for _ in range(50)))
        assert let_in.count(True) == 1

    two(talk)


def test_a_conversation_that_moved_is_found_by_all() -> None:
    async def talk(one: News, other: News) -> None:
        name, here = secrets.token_hex(8), place()
        one.sticking.went_to(name, here)
        await soon(lambda: other.sticking.place(name) == here)

    two(talk)


def test_without_redis_each_process_knows_its_own() -> None:
    async def talk(one: News, other: News) -> None:
        here = place()
        for _ in range(5):
            one.breaker.failed(here)
        assert one.breaker.verdict(here) == "open"
        assert other.breaker.verdict(here) == "closed"
        one.breaker.heard(here, 0.01, tripped=True)
        other.breaker.heard(here, 0.01, tripped=True)
        await asyncio.sleep(0.02)
        let_in = await asyncio.gather(*(other.may_enter(here) for _ in range(50)))
        assert let_in.count(True) == 1

    two(talk, url=NOWHERE)


def test_the_hash_says_since_when_a_place_is_left_alone_also_after_a_probe_in_vain() -> None:
    async def talk(one: News, other: News) -> None:
        here, field = place(), ""
        for _ in range(5):
            one.breaker.failed(here)
        field = f"{here[0]} {here[1]}"
        told = Cache(settings.REDIS_URL)

        async def said() -> list[float]:
            for _ in range(100):
                if text := (await told.members(BREAKERS)).get(field):
                    return [float(part) for part in text.split()]
                await asyncio.sleep(0.02)
            raise AssertionError("nobody said it")

        until, since = await said()
        assert 59 < until - since < 61
        await soon(lambda: other.breaker.verdict(here) == "open")
        other.breaker.failed(here)
        for _ in range(100):
            if (await said())[0] != until:
                break
            await asyncio.sleep(0.02)
        later, still = await said()
        assert later > until
        assert abs(still - since) < 1
        other.breaker.succeeded(here)
        await told.close()

    two(talk)
