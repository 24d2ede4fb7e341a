"""Faults that take several requests to show: what is left alone, for how long, and who notices."""

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from tests.fakes.scripted import Answer, Close, Pause, answer

from .case import Case, Walk
from .speech import error, healthy
from .trial import Exchange, Trial
from .upstream import Call, Play
from .waits import PAUSE_SECONDS

if TYPE_CHECKING:
    from .stage import Stage

__all__ = ["CASES"]

FAILURES = 5
LEAST_CALLS = 20
PROBE_SECONDS = 0.5
AT_ONCE = 100
# What a process says of a place comes back to it through Redis, and may be said again for two seconds.
MARGIN_SECONDS = 2.5
WINDOW_SECONDS = 10.0
LOAD, LOAD_AT_ONCE = 300, 16
# The budget counts by whole seconds, so its window is up to one shorter; and a repeat is seen here after its pause.
LAG_SECONDS = 2.0
SHARE_OF_REPEATS = 0.2
# So few are allowed whatever the share: else the first failure after a quiet time could not be repeated.
FLOOR_OF_REPEATS = 10

Ask = Callable[..., Awaitable[Exchange]]
FAILED: Answer = answer(error(), status=500)


def _fails_at(*numbers: int, of: int) -> Play:
    """Fail those calls of each `of`, counted from nought."""
    return lambda call: FAILED if (call.number - 1) % of in numbers else healthy(call)


def _recovers(call: Call) -> Answer:
    return FAILED if call.number <= FAILURES else (Pause(PROBE_SECONDS), *healthy(call))


def _always_fails(call: Call) -> Answer:
    return FAILED


def _limits(call: Call) -> Answer:
    if call.number > 1:
        return healthy(call)
    return answer(error(), status=429, headers={"Retry-After": "3600"})


def _hangs_up(call: Call) -> Answer:
    """Promise to keep the connection, and close it after each answer, unannounced."""
    return (*healthy(call), Close())


def _hangs_up_late(call: Call) -> Answer:
    """Answer the first request of a connection, and close on the second as it comes."""
    return healthy(call) if call.number % 2 else (Close(),)


def _fails_the_bad(call: Call) -> Answer:
    bad = "bad" in call.json["messages"][0]["content"]
    return answer(error(), status=400) if bad else healthy(call)


async def _until_open(trial: Trial, ask: Ask) -> None:
    """Ask until the place has failed as often as it may."""
    while len(trial.faulty.calls) < FAILURES and trial.asked < 2 * FAILURES:
        await ask(trial, expected="passed_by")
    if len(trial.faulty.calls) != FAILURES:
        trial.complain("answer", f"{len(trial.faulty.calls)} calls for {FAILURES} failures")


async def _left_alone(trial: Trial, ask: Ask) -> None:
    """Ask once more: the place must not be called."""
    before = len(trial.faulty.calls)
    exchange = await ask(trial, expected="passed_by")
    if len(trial.faulty.calls) != before or "open" not in exchange.attempts:
        trial.complain("answer", f"the open place was called: {exchange.attempts}")


async def _probed(trial: Trial, stage: "Stage") -> None:
    await _until_open(trial, stage.ask)
    opened = time.monotonic()
    await _left_alone(trial, stage.ask)
    await asyncio.sleep(max(0.0, opened + PAUSE_SECONDS + MARGIN_SECONDS - time.monotonic()))
    exchanges = await asyncio.gather(*(stage.ask(trial) for _ in range(AT_ONCE)))
    later = [call.at for call in trial.faulty.calls[FAILURES:]]
    probes = sum(moment < later[0] + PROBE_SECONDS for moment in later) if later else 0
    if probes != 1:
        trial.complain("answer", f"{probes} probes among {AT_ONCE} requests")
    answered = sum(exchange.heard.status == 200 for exchange in exchanges)
    if answered < (1 if trial.only else AT_ONCE):
        trial.complain("answer", f"only {answered} of {AT_ONCE} were answered")
    await stage.ask(trial, expected="answered")


async def _rate_limited(trial: Trial, stage: "Stage") -> None:
    await stage.ask(trial, expected="passed_by")
    limited = time.monotonic()
    await _left_alone(trial, stage.ask)
    await asyncio.sleep(max(0.0, limited + PAUSE_SECONDS + MARGIN_SECONDS - time.monotonic()))
    await stage.ask(trial, expected="answered")


async def _keys_refused(trial: Trial, stage: "Stage") -> None:
    """A credential that was refused three times is not shown again."""
    for _ in range(2 * FAILURES):
        await stage.ask(trial, expected="passed_by")
    if len(trial.faulty.calls) > FAILURES:
        trial.complain("answer", f"the refused credential was shown {len(trial.faulty.calls)} times")


async def _tripped_by_share(trial: Trial, stage: "Stage") -> None:
    """Never five failures in a row, and yet too many of them."""
    while trial.asked < 2 * LEAST_CALLS:
        exchange = await stage.ask(trial)
        if "open" in exchange.attempts:
            break
    if not LEAST_CALLS <= len(trial.faulty.calls) <= LEAST_CALLS + FAILURES:
        trial.complain("answer", f"{len(trial.faulty.calls)} calls until two of three failures were too many")


async def _all_open(trial: Trial, stage: "Stage") -> None:
    """With every place open nobody is called, and the caller is told at once."""
    places = [trial.faulty] if trial.only else [trial.faulty, trial.second]
    while any(len(place.calls) < FAILURES for place in places) and trial.asked < 2 * FAILURES:
        await stage.ask(trial)
    before = len(trial.faulty.calls) + len(trial.second.calls)
    exchange = await stage.ask(trial)
    if exchange.heard.status not in (502, 503):
        trial.complain("answer", f"{exchange.heard.status} though every place is open")
    if len(trial.faulty.calls) + len(trial.second.calls) != before:
        trial.complain("answer", "an open place was called")


async def _bad_prompts(trial: Trial, stage: "Stage") -> None:
    bad = [{"role": "user", "content": "a bad prompt"}]
    for _ in range(2 * FAILURES):
        await stage.ask(trial, expected="refused", messages=bad)
    exchange = await stage.ask(trial, expected="answered")
    if exchange.attempts != ["ok"]:
        trial.complain("answer", f"bad prompts had consequences: {exchange.attempts}")


async def _under_load(trial: Trial, stage: "Stage") -> None:
    slots = asyncio.Semaphore(LOAD_AT_ONCE)

    async def one() -> None:
        async with slots:
            await stage.ask(trial)

    begun = time.monotonic()
    await asyncio.gather(*(one() for _ in range(LOAD)))
    # The budget is the process's, so all that it was asked counts, also just before and by others.
    long_ago = begun - WINDOW_SECONDS - LAG_SECONDS
    repeats = [moment for moment in _repeats(stage.upstream.calls) if moment > long_ago]
    requests = [moment for moment in stage.asked if moment > long_ago]
    for end in (moment for moment in repeats if moment >= begun):
        again = sum(end - WINDOW_SECONDS + 1 < moment <= end for moment in repeats)
        asked = sum(end - WINDOW_SECONDS - LAG_SECONDS < moment <= end for moment in requests)
        if again > SHARE_OF_REPEATS * asked + FLOOR_OF_REPEATS:
            trial.complain("answer", f"{again} repeats of {asked} requests in ten seconds")
            return


def _repeats(calls: list[Call]) -> list[float]:
    """Return the moments of calls that repeat one to the same place.

    To ask somebody else is no repeat: it adds nothing to the load of who is in trouble.
    """
    seen: set[tuple[str, str]] = set()
    moments = []
    for call in calls:
        name = (call.headers["x-request-id"], call.address)
        if name in seen:
            moments.append(call.at)
        seen.add(name)
    return moments


async def _without_redis(trial: Trial, stage: "Stage") -> None:
    ask = functools.partial(_ask_lonely, stage)
    stage.loop.call_soon(stage.redis.cut)
    await _until_open(trial, ask)
    await _left_alone(trial, ask)


async def _ask_lonely(stage: "Stage", trial: Trial, **fields: object) -> Exchange:
    return await trial.ask(stage.lonely.base_url, stage.who.secret, **fields)  # type: ignore[arg-type]


async def _again_or_next(trial: Trial, stage: "Stage") -> None:
    """A connection that closes under a request is made good by the next hop, or by a second pass if one is left."""
    for _ in range(4):
        exchange = await stage.ask(trial)
        if exchange.heard.status != 200 and not (trial.only and exchange.attempts == ["disconnected"]):
            trial.complain("answer", f"a closed connection was not made good: {exchange.attempts}")


def _walk(
    number: str, name: str, play: Play, walk: Walk, *, second: Play | None = None, heavy: bool = False
) -> Case:
    return Case(number, name, play, walk=walk, second=second, heavy=heavy)


CASES = (
    _walk("U22", "refused-again-and-again", lambda call: answer(error(), status=401), _keys_refused),
    _walk("U23", "asks-for-an-hour", _limits, _rate_limited),
    _walk("U24", "recovers-after-five", _recovers, _probed),
    _walk("U25", "two-of-three-fail", _fails_at(0, 1, of=3), _tripped_by_share),
    _walk("U31", "closes-between", _hangs_up, _again_or_next),
    _walk("U31", "closes-on-the-next", _hangs_up_late, _again_or_next),
    _walk("U32", "all-open", _always_fails, _all_open, second=_always_fails),
    _walk("U33", "bad-prompts", _fails_the_bad, _bad_prompts),
    _walk("U34", "three-of-ten-fail", _fails_at(0, 3, 6, of=10), _under_load, heavy=True),
    _walk("U35", "redis-stopped", _always_fails, _without_redis),
)
