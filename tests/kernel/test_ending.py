"""A task that would go on for ever ends where it stands, and what it died of is not swallowed."""

import asyncio

import pytest

from kernel.ending import end


def test_it_has_ended_once_end_returns() -> None:
    async def play() -> list[str]:
        told = []

        async def work() -> None:
            try:
                await asyncio.sleep(3600)
            finally:
                told.append("cleared up")

        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        await end(task)
        assert task.cancelled()
        return told

    assert asyncio.run(play()) == ["cleared up"]


def test_none_is_nothing_to_end() -> None:
    asyncio.run(end(None))


def test_what_it_had_died_of_is_raised() -> None:
    async def play() -> None:
        async def work() -> None:
            raise RuntimeError("out of order")

        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        await end(task)

    with pytest.raises(RuntimeError, match="out of order"):
        asyncio.run(play())
