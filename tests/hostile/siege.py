"""One gateway besieged: healthy requests alone, beside hundreds of callers who keep it waiting, and alone again."""

import asyncio
import contextlib
import json
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.fakes.cast import Customer, customer
from tests.fakes.gateway import ROOT, Gateway, running_gateway
from tests.fakes.held import Held, forget_peak, held
from tests.fakes.scripted import Step, answer, event, stream
from tests.upstreams import rows
from tests.upstreams.promises import quiet
from tests.upstreams.rows import Offer, Spot
from tests.upstreams.speech import BEGUN, delta, healthy, whole
from tests.upstreams.upstream import Call, FaultyUpstream, Play

from . import callers, steady
from .callers import Fate

__all__ = ["NUMBERS", "Outcome", "besieged"]

NUMBERS = {
    "silent": 100,
    "head": 300,
    "second head": 100,
    "body": 100,
    "body in chunks": 50,
    "body of a form": 50,
    "unread stream": 50,
    "unread answer": 50,
}
"""How many of each kind at the same time: 500 without a head, 200 without a body, 100 who do not read."""
WAIT_SECONDS = 120
ALONE_SECONDS = 20.0
CALM_SECONDS = 100.0
EVENT_BYTES = 16 * 1024
ANSWER_BYTES = 2**20


@dataclass(frozen=True)
class Outcome:
    """What a siege of so many seconds came to. Milliseconds of the healthy requests; `left` is what is still held.

    `ran` and `starved` are the seconds that the gateway's loop had a processor, and waited for one, meanwhile.
    """

    seconds: float
    alone: Sequence[float]
    besieged: Sequence[float]
    fates: dict[str, Fate]
    before: Held
    during: Held
    after: Held
    left: Sequence[str]
    ran: float
    starved: float


def besieged(*, seconds: float) -> Outcome:
    """Play the siege on a gateway with the waits of production, and wait until everybody is gone."""
    with _upstream() as upstream, running_gateway(application="tests.fakes.watched:application") as gateway:
        who, models = _cast(gateway, upstream)
        host, port = gateway.address
        ask = {"host": host, "port": port, "secret": who.secret, "model": models["healthy"]}
        _run(steady, seconds=2.0, **ask)  # what is loaded once is loaded
        alone = _run(steady, seconds=ALONE_SECONDS, **ask)
        before = held(gateway, upstream.ports)
        forget_peak(gateway)
        siege = {"host": host, "port": port, "secret": who.secret, "numbers": NUMBERS, "seconds": seconds}
        had = _processor(gateway)
        with _started(callers, endless=models["endless"], bulky=models["bulky"], **siege) as attackers:
            under = _run(steady, seconds=seconds, **ask)
            ran, starved = (now - then for now, then in zip(_processor(gateway), had, strict=True))
            fates = {kind: Fate(**fate) for kind, fate in _told(attackers).items()}
        during = held(gateway, upstream.ports)
        alone += _run(steady, seconds=ALONE_SECONDS, **ask)
        after = _calm(gateway, upstream, before)
        return Outcome(seconds, alone, under, fates, before, during, after, list(quiet(who)), ran, starved)


def _processor(gateway: Gateway) -> tuple[float, float]:
    """Return the seconds that the gateway's loop has had a processor, and has waited for one."""
    ran, waited, _ = Path(f"/proc/{gateway.process.pid}/schedstat").read_text().split()
    return int(ran) / 1e9, int(waited) / 1e9


def _cast(gateway: Gateway, upstream: FaultyUpstream) -> tuple[Customer, dict[str, str]]:
    plays: dict[str, Play] = {"healthy": healthy, "endless": _endless, "bulky": _bulky}
    models = {name: f"route/{secrets.token_hex(6)}" for name in plays}
    slugs = {name: f"siege-{name}-{secrets.token_hex(3)}" for name in plays}
    rows.providers(list(slugs.values()))
    places = {name: upstream.url(upstream.add(play)) for name, play in plays.items()}
    rows.save(
        [
            Offer(models[name], [Spot(slugs[name], places[name], "s", WAIT_SECONDS)], pictures=False)
            for name in plays
        ]
    )
    who = customer(stream_cap=10_000, credit_usd="1000000")
    gateway.knows(who.secret, *models.values())
    return who, models


def _endless(call: Call) -> Iterator[Step]:
    yield from stream(*BEGUN, ended=False)[:-1]
    piece = event({**delta("a"), "padding": "a" * EVENT_BYTES})
    while True:
        yield b"%x\r\n%b\r\n" % (len(piece), piece)


def _bulky(call: Call) -> Sequence[Step]:
    message = {"role": "assistant", "content": "a" * ANSWER_BYTES}
    return answer(whole(choices=[{"index": 0, "message": message, "finish_reason": "stop"}]))


def _calm(gateway: Gateway, upstream: FaultyUpstream, before: Held) -> Held:
    """Return what is held once idle connections are gone, or no later than they must be."""
    deadline = time.monotonic() + CALM_SECONDS
    while (now := held(gateway, upstream.ports)).wires and time.monotonic() < deadline:
        time.sleep(1)
    return now


@contextlib.contextmanager
def _upstream() -> Iterator[FaultyUpstream]:
    """Run a provider in a loop of another thread."""
    upstream, loop, over = FaultyUpstream(), asyncio.new_event_loop(), asyncio.Event()
    begun = threading.Event()

    async def run() -> None:
        async with upstream.running({}):
            begun.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),), name="upstream")
    thread.start()
    begun.wait()
    try:
        yield upstream
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


@contextlib.contextmanager
def _started(module: Any, **plan: Any) -> Iterator["subprocess.Popen[str]"]:
    """Start callers in a process of their own, so that they do not wait for each other here."""
    with subprocess.Popen(
        [sys.executable, "-m", module.__name__],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps(asdict(module.Plan(**plan))))
        process.stdin.close()
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def _told(process: "subprocess.Popen[str]") -> Any:
    assert process.stdout is not None
    return json.loads(process.stdout.read())


def _run(module: Any, **plan: Any) -> list[float]:
    with _started(module, **plan) as process:
        took: list[float] = _told(process)
    return took
