"""A standstill of the event loop is told with what holds it up, once, and its end; a loop that turns is left alone."""

import asyncio
import time
from typing import Any

from structlog.testing import capture_logs

from kernel.standstill import Standstill

STILL = 0.3


def hold_up() -> None:
    time.sleep(5 * STILL)


async def watched(*, held_up: bool) -> None:
    watch = Standstill(seconds=STILL)
    watch.start()
    await asyncio.sleep(0)
    if held_up:
        hold_up()
    await asyncio.sleep(STILL)
    await watch.stop()


def told(*, held_up: bool) -> list[Any]:
    with capture_logs() as lines:
        asyncio.run(watched(held_up=held_up))
    return lines


def test_what_holds_it_up_is_told_once_and_that_it_goes_on() -> None:
    still, on = told(held_up=True)
    assert (still["event"], still["log_level"]) == ("the event loop stands still", "error")
    assert "hold_up" in still["stack"]
    assert still["seconds"] >= STILL
    assert (on["event"], on["log_level"]) == ("the event loop goes on", "warning")
    assert on["seconds"] > still["seconds"]


def test_a_watch_that_was_stopped_says_nothing_of_what_comes() -> None:
    async def stopped() -> None:
        watch = Standstill(seconds=STILL)
        watch.start()
        await watch.stop()
        hold_up()

    with capture_logs() as lines:
        asyncio.run(stopped())
    assert lines == []
