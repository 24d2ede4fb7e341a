"""Health: what comes of calls is counted, written apart from them, read as figures, and dropped in time."""

import itertools
from collections.abc import Awaitable, Callable

import pytest
from asgiref.sync import async_to_sync
from psycopg_pool import AsyncConnectionPool

from billing.beats import State
from billing.health import Pulse
from billing.vitals import PROVIDER, Health, Vitals, Window
from kernel import postgres

FIVE, HALF, DAY = Window.FIVE_MINUTES, Window.HALF_HOUR, Window.DAY
_numbers = itertools.count(10**12)  # providers that no other test calls


def with_pool(work: Callable[[AsyncConnectionPool], Awaitable[None]]) -> None:
    async def run() -> None:
        conninfo = postgres.conninfo()
        async with AsyncConnectionPool(conninfo, min_size=1, open=False, kwargs={"autocommit": True}) as pool:
            await work(pool)

    async_to_sync(run)()


def written(note: Callable[[Pulse], None]) -> Health:
    """Note calls in a process of their own, write them, and return what another process then reads."""
    read: list[Health] = []

    async def work(pool: AsyncConnectionPool) -> None:
        pulse = Pulse(pool)
        note(pulse)
        await pulse.write()
        vitals = Vitals(pool)
        await vitals.refresh()
        read.append(vitals.current)

    with_pool(work)
    return read[0]


def answered(pulse: Pulse, provider: int, model: int = 1, *, ms: int | None = 200, tokens: int = 100) -> None:
    pulse.answered(provider_id=provider, model_id=model, first_byte_ms=ms, output_tokens=tokens, seconds=2.0)


@pytest.mark.usefixtures("committed")
def test_of_a_model_and_of_its_provider_is_told_in_every_window() -> None:
    provider = next(_numbers)

    def note(pulse: Pulse) -> None:
        for _ in range(3):
            answered(pulse, provider, 1)
        answered(pulse, provider, 2)
        pulse.failed(provider_id=provider, model_id=2, outcome="timeout")

    found = written(note)
    for window in Window:
        one, two = found.at(provider, 1, window=window), found.at(provider, 2, window=window)
        whole = found.at(provider, window=window)
        assert (one.calls, one.uptime) == (3, 1.0)
        assert (two.calls, two.timeouts, two.uptime) == (2, 1, 0.5)
        assert (whole.calls, whole.uptime) == (5, 0.8)
        assert sum(whole.first_byte) == sum(whole.speed) == 4
    assert found.figures(HALF)[provider, PROVIDER].calls == 5


@pytest.mark.usefixtures("committed")
def test_of_what_nobody_called_is_unknown() -> None:
    found = written(lambda pulse: None).at(next(_numbers), 1, window=DAY)
    assert (found.uptime, found.first_byte_ms(), found.tokens_per_second(), found.state) == (
        None,
        None,
        None,
        State.UNKNOWN,
    )
