"""Orders to end streams: looked for while streams are open, at most twice a second, and else not at all."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from django.db import connections
from psycopg_pool import AsyncConnectionPool

from accounts.callers import Credential
from billing import kills
from inference.meter import Tally
from inference.orders import Orders
from inference.streams import Stream, Streams
from kernel import ids, postgres
from tests.fakes.cast import Customer, customer

pytestmark = pytest.mark.usefixtures("committed")


class Counted(AsyncConnectionPool[Any]):
    """A real pool that counts how often it is asked, and can be told to be away."""

    asked = 0
    away = False

    @asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        self.asked += 1
        if self.away:
            raise psycopg.OperationalError("away")
        async with super().connection(timeout) as found:
            yield found


def opened(who: Customer, *, generation: int = 0) -> Stream:
    return Stream(
        request_id=ids.request_id(),
        credential=Credential(who.workspace.pk, digest=bytes(who.key.digest)),
        generation=generation,
        deadline=time.monotonic() + 60,
        tally=Tally(choices=1),
    )


def ended(stream: Stream) -> bool:
    return stream.why is not None


def kill(who: Customer) -> None:
    kills.kill_streams(who.workspace.pk)
    connections.close_all()  # this thread's


@asynccontextmanager
async def watched(streams: Streams) -> AsyncIterator[Counted]:
    pool = Counted(postgres.conninfo(), min_size=1, max_size=1, open=False, kwargs={"autocommit": True})
    await pool.open(wait=True)
    watching = asyncio.create_task(Orders(pool, streams).watch())
    try:
        yield pool
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await pool.close()


def test_nothing_is_asked_while_no_stream_is_open() -> None:
    async def walk() -> None:
        async with watched(Streams()) as pool:
            await asyncio.sleep(1.3)
            assert pool.asked == 0

    asyncio.run(walk())


def test_one_statement_is_sent_in_half_a_second_however_many_streams_are_open() -> None:
    who = customer()

    async def walk() -> None:
        streams = Streams()
        many = [opened(who) for _ in range(50)]
        for stream in many:
            streams.add(stream)
        async with watched(streams) as pool:
            await asyncio.sleep(1.8)
            assert 1 <= pool.asked <= 3
        assert not [stream for stream in many if ended(stream)]

    asyncio.run(walk())


def test_an_order_given_while_the_database_was_away_is_carried_out_after() -> None:
    who = customer()

    async def walk() -> None:
        streams, earlier, later = Streams(), opened(who), opened(who, generation=1)
        streams.add(earlier)
        streams.add(later)
        async with watched(streams) as pool:
            pool.away = True
            await asyncio.sleep(1.2)
            assert pool.asked >= 1
            await asyncio.to_thread(kill, who)
            assert not ended(earlier)
            pool.away = False
            await asyncio.sleep(1.2)
        assert ended(earlier)
        assert not ended(later)

    asyncio.run(walk())
