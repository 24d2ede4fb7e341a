"""A process that loads ahead waits for the end of its input, and for no longer."""

import asyncio
import os
from pathlib import Path

import pytest
import uvloop

from config.held import end_of

LOOPS = pytest.mark.parametrize(
    "loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"]
)


@LOOPS
def test_it_waits_until_nothing_more_can_come(loop: type[asyncio.AbstractEventLoop]) -> None:
    reading, writing = os.pipe()

    async def play() -> bool:
        waiting = asyncio.ensure_future(end_of(reading))
        os.write(writing, b"not yet")
        for _ in range(10):
            await asyncio.sleep(0)
        waited = not waiting.done()
        os.close(writing)
        await asyncio.wait_for(waiting, 10)
        return waited

    with asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(play())
    os.close(reading)


@LOOPS
@pytest.mark.parametrize("name", ["/dev/null", __file__])
def test_what_is_no_pipe_is_not_waited_for(loop: type[asyncio.AbstractEventLoop], name: str) -> None:
    with Path(name).open("rb") as file, asyncio.Runner(loop_factory=loop) as runner:
        runner.run(asyncio.wait_for(end_of(file.fileno()), 10))
