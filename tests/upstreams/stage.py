"""Where trials are run: the gateways, the faulty provider, and a loop in a thread that plays and asks at once."""

import asyncio
import contextlib
import functools
import os
import socket
import threading
import time
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tests.fakes import exchange
from tests.fakes.cast import Customer, customer
from tests.fakes.gateway import Gateway, running_gateway
from tests.fakes.held import Held, forget_peak, held

from . import certificates, promises, rows
from .case import PATIENT_SECONDS, Case
from .cuttable import Cuttable
from .impostors import TRAP
from .rows import Offer, Spot
from .speech import healthy
from .trial import SLACK_SECONDS, Trial
from .upstream import FaultyUpstream, Place

__all__ = ["Stage", "staged"]

T = TypeVar("T")
HEALTHY = "fault-second"
STREAMS = 10_000
AT_ONCE = 40
KNOWN_SECONDS = 60


@dataclass
class Stage:
    """A gateway, another one whose Redis can be cut off, and the provider, with a customer who pays for all.

    `asked` are the moments of all requests to the first gateway.
    """

    gateway: Gateway
    lonely: Gateway
    redis: Cuttable
    upstream: FaultyUpstream
    who: Customer
    trap: Place
    loop: asyncio.AbstractEventLoop
    closed_port: int
    mute_port: int
    known: set[str] = field(default_factory=set)
    asked: list[float] = field(default_factory=list)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Have the stage's loop do something, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    def set_up(self, cases: Iterable[Case]) -> list[Trial]:
        """Return trials of these cases, whole and streamed, first and only, once the gateways know their models."""
        cases = list(cases)
        self.loop.call_soon_threadsafe(self.redis.mend)
        slugs = {self._slug(case) for case in cases} | {HEALTHY}
        rows.providers(sorted(slugs - self.known))
        self.known |= slugs
        trials = [
            Trial(case, stream, only, self.upstream.add(case.play), self.upstream.add(case.second or healthy))
            for case in cases
            for stream in (False, True)
            for only in (False, True)
        ]
        rows.save([Offer(trial.model, self._hops(trial), trial.case.pictures) for trial in trials])
        # They came all at once, so who knows one knows all of them.
        for gateway in (self.gateway, self.lonely):
            known = functools.partial(_known, gateway, self.who.secret, trials[-1].model)
            gateway.eventually(known, within=KNOWN_SECONDS)
        return trials

    async def play_all(self, trials: Iterable[Trial]) -> None:
        """Play trials at the same time; those that move many megabytes come after, one by one."""
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(trial: Trial) -> None:
            async with slots:
                await self.play(trial)

        trials = list(trials)
        await asyncio.gather(*(one(trial) for trial in trials if not trial.case.heavy))
        for trial in trials:
            if trial.case.heavy:
                await self.play(trial)

    async def play(self, trial: Trial) -> None:
        """Do what a case asks, then see that the upstream's connections are let go."""
        if trial.case.walk is not None:
            await trial.case.walk(trial, self)
        else:
            expected = trial.case.stream if trial.stream else trial.case.plain
            await self.ask(trial, expected=expected)
        ends = time.monotonic() + SLACK_SECONDS
        while (trial.faulty.unfinished or trial.second.unfinished) and time.monotonic() < ends:
            await asyncio.sleep(0.01)

    async def ask(self, trial: Trial, **fields: Any) -> Any:
        """Send one request of a trial to the gateway."""
        self.asked.append(time.monotonic())
        return await trial.ask(self.gateway.base_url, self.who.secret, **fields)

    def check(self, trial: Trial) -> None:
        """Complain of everything that a trial broke."""
        promises.check(trial, self.who)
        if self.trap.calls:
            trial.complain("calls", "a redirect was followed")

    def held(self) -> Held:
        """Return what the gateway process holds now."""
        return held(self.gateway, {*self.upstream.ports, self.closed_port, self.mute_port})

    def forget_peak(self) -> None:
        """Have the gateway's greatest memory counted from now."""
        forget_peak(self.gateway)

    def _slug(self, case: Case) -> str:
        return f"fault-{case.id}"[:32].lower().rstrip("-")

    def _hops(self, trial: Trial) -> list[Spot]:
        first = Spot(self._slug(trial.case), self._url(trial), trial.secret, trial.case.wait_seconds)
        second = Spot(HEALTHY, self.upstream.url(trial.second), trial.secret, PATIENT_SECONDS)
        return [first] if trial.only else [first, second]

    def _url(self, trial: Trial) -> str:
        place, door = trial.faulty, trial.case.door
        match door:
            case "closed":
                return f"http://127.0.0.1:{self.closed_port}/{place.token}/v1"
            case "unknown":
                return f"http://nowhere.invalid/{place.token}/v1"
            case "mute":
                return f"https://127.0.0.1:{self.mute_port}/{place.token}/v1"
            case "https-to-http":
                return self.upstream.url(place).replace("http://", "https://")
        return self.upstream.url(place, door=door)


def _known(gateway: Gateway, secret: str, model: str) -> bool:
    url = f"{gateway.base_url}/models/{model}"
    try:
        return exchange.ask("GET", url, headers={"X-API-Key": secret}).status == 200
    except TimeoutError:  # it reads a catalogue of thousands of models
        return False


@contextlib.contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """Start everything; it ends with the block."""
    authority, doors = certificates.doors(folder)
    upstream, loop = FaultyUpstream(), asyncio.new_event_loop()
    # What a peer does to a handshake is the point here, and no news.
    loop.set_exception_handler(lambda loop, context: None)
    thread = threading.Thread(target=loop.run_forever, name="stage")
    thread.start()
    with contextlib.ExitStack() as stack:
        stack.callback(loop.close)
        stack.callback(thread.join)
        stack.callback(loop.call_soon_threadsafe, loop.stop)
        redis = Cuttable(os.environ["REDIS_URL"])
        stack.enter_context(_inside(loop, upstream.running(doors)))
        stack.enter_context(_inside(loop, redis.running()))
        settings: dict[str, Any] = {
            "application": "tests.upstreams.watched:application",
            "SSL_CERT_FILE": str(authority),
        }
        gateway = stack.enter_context(running_gateway(**settings))
        lonely = stack.enter_context(running_gateway(**settings, REDIS_URL=redis.url))
        closed = stack.enter_context(_unlistened())
        mute = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=1024))
        yield Stage(
            gateway=gateway,
            lonely=lonely,
            redis=redis,
            upstream=upstream,
            who=customer(stream_cap=STREAMS, credit_usd="1000000"),
            trap=upstream.add(healthy, token=TRAP),
            loop=loop,
            closed_port=closed,
            mute_port=mute.getsockname()[1],
        )


@contextlib.contextmanager
def _unlistened() -> Iterator[int]:
    """Give a port that is taken and that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@contextlib.contextmanager
def _inside(loop: asyncio.AbstractEventLoop, block: AbstractAsyncContextManager[None]) -> Iterator[None]:
    """Enter and leave a block in the loop of another thread."""
    asyncio.run_coroutine_threadsafe(block.__aenter__(), loop).result()
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(block.__aexit__(None, None, None), loop).result()
