"""Large answers share their room: small ones never wait, the eldest always goes on, the rest wait their turn."""

import asyncio

from inference.room import FREE_BYTES, Room

LIMIT = 4 * FREE_BYTES


async def waits(growing: "asyncio.Task[None]") -> bool:
    for _ in range(5):
        await asyncio.sleep(0)
    return not growing.done()


def test_what_is_small_takes_nothing() -> None:
    room = Room(0)

    async def two() -> None:
        with room.place() as one, room.place() as other:
            await one.grow(FREE_BYTES)
            await other.grow(FREE_BYTES)
            assert room.taken == 0

    asyncio.run(two())


def test_the_eldest_grows_whatever_the_others_hold() -> None:
    room = Room(LIMIT)

    async def grown() -> None:
        with room.place() as eldest, room.place() as other:
            await eldest.grow(FREE_BYTES + 1)
            await other.grow(LIMIT)
            await eldest.grow(10 * LIMIT)
            assert room.taken == 11 * LIMIT

    asyncio.run(grown())


def test_the_others_wait_until_there_is_room_and_the_next_becomes_the_eldest() -> None:
    room = Room(LIMIT)

    async def grown() -> None:
        with room.place() as third:
            with room.place() as second:
                with room.place() as eldest:
                    await eldest.grow(LIMIT)
                    await second.grow(LIMIT)
                    growing = asyncio.create_task(third.grow(FREE_BYTES + 1))
                    assert await waits(growing)
                # The second is the eldest now, and counts no longer among those who share.
                await growing
                further = asyncio.create_task(third.grow(LIMIT + 1))
                assert await waits(further)
            await further
        assert room.taken == 0

    asyncio.run(grown())


def test_one_that_gives_up_leaves_the_room_to_the_others() -> None:
    room = Room(LIMIT)

    async def grown() -> None:
        with room.place() as eldest, room.place() as second:
            await eldest.grow(LIMIT)
            await second.grow(LIMIT)
            with room.place() as third:
                growing = asyncio.create_task(third.grow(FREE_BYTES + 1))
                assert await waits(growing)
                growing.cancel()
            with room.place() as fourth:
                growing = asyncio.create_task(fourth.grow(FREE_BYTES + 1))
                assert await waits(growing)
                room.leave(second)
                await growing

    asyncio.run(grown())
