"""A PostgreSQL that a test may stop and start, with a Tollway database in it, and callers whose answers end meanwhile."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.db import connection

from kernel import engines
from tests.fakes.caller import Heard
from tests.fakes.cast import Customer, customer, model
from tests.fakes.gateway import ROOT, Gateway
from tests.fakes.scripted import DONE, Answer, Hold, Scripted, answer, event, stream

__all__ = ["BODY", "COST", "PLAIN", "STREAMS", "USAGE", "Calls", "Postgres", "calls", "own_postgres"]

PURPOSE = "test"
USAGE = {"prompt_tokens": 100, "completion_tokens": 3, "total_tokens": 103}
# Of 100 input tokens at 2 USD and 3 output tokens at 8 USD for a million: tests.fakes.cast.RATES.
COST = 100 * 2_000 + 3 * 8_000
BODY = {
    "id": "x",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Toll roads are paid for."},
            "finish_reason": "stop",
        }
    ],
    "usage": USAGE,
}
STREAMS, PLAIN = 6, 3


@dataclass
class Postgres:
    """A running PostgreSQL of our own, until it is stopped."""

    running: engines.Engines | None

    def stop(self) -> None:
        """Stop it; returns when it is gone."""
        _disconnect()
        assert self.running is not None
        self.running.stop()
        self.running = None

    def start(self) -> None:
        """Start it again on the same data."""
        self.running = engines.start(PURPOSE, ("postgres",))


@contextmanager
def own_postgres() -> Iterator[Postgres]:
    """Have this process, and the gateways it starts, work on a database of its own cluster meanwhile."""
    with (
        tempfile.TemporaryDirectory(prefix="tollway-outage-") as place,
        pytest.MonkeyPatch.context() as patch,
    ):
        Path(place).chmod(0o711)  # the account that root's PostgreSQL drops to must be able to enter
        patch.setenv("TOLLWAY_HOME", place)
        own = Postgres(engines.start(PURPOSE, ("postgres",)))
        url = engines.urls(PURPOSE).database
        patch.setenv("DATABASE_URL", url)
        try:
            _migrate()
            with _django_at(url):
                yield own
        finally:
            if own.running is not None:
                own.running.stop()


def _migrate() -> None:
    paths = os.pathsep.join([str(ROOT), str(ROOT / "platform")])
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths},
        check=True,
        timeout=170,
    )


@contextmanager
def _django_at(url: str) -> Iterator[None]:
    entry, before = settings.DATABASES["default"], dict(settings.DATABASES["default"])
    place = urlsplit(url)
    said = {name: values[0] for name, values in parse_qs(place.query).items()}
    _disconnect()
    entry.update(
        NAME=place.path.lstrip("/"), HOST=said["host"], PORT=said["port"], USER=said["user"], PASSWORD=""
    )
    try:
        yield
    finally:
        _disconnect()
        entry.update(before)


def _disconnect() -> None:
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]


@dataclass
class Calls:
    """Calls that are under way; the provider has begun every stream, and ends all answers when it is let."""

    who: Customer
    model: str
    ends: Hold
    heard: list["Future[tuple[Heard, float]]"]
    begun: float = field(default=0.0)

    def end(self) -> None:
        """Let the provider end its answers."""
        self.begun = time.monotonic()
        self.ends.event.set()

    def answers(self) -> list[Heard]:
        """Return what the callers heard, in the end."""
        return [each.result(60)[0] for each in self.heard]

    def longest(self) -> float:
        """Seconds from the provider's last byte to that of the last answer."""
        return max(each.result(60)[1] for each in self.heard) - self.begun


@contextmanager
def calls(gateway: Gateway) -> Iterator[Calls]:
    """Have streams and plain calls of one customer open at a provider that holds them."""
    ends, both = Hold(), []
    try:
        for kind, number in ((_streamed, STREAMS), (_whole, PLAIN)):
            both.append(Scripted(tuple(kind(ends) for _ in range(number))))
        who = customer()
        names = [model((each.base_url, "m"), wait_seconds=60) for each in both]
        gateway.knows(who.secret, *names)
        with ThreadPoolExecutor(STREAMS + PLAIN) as pool:
            heard = [
                pool.submit(_call, gateway, who.secret, name, streamed)
                for name, streamed, number in zip(names, (True, False), (STREAMS, PLAIN), strict=True)
                for _ in range(number)
            ]
            gateway.eventually(lambda: who.open_requests() == STREAMS + PLAIN, within=15)
            gateway.eventually(lambda: _noted(who) == STREAMS, within=30)
            try:
                yield Calls(who, names[-1], ends, heard)
            finally:
                ends.event.set()
    finally:
        for each in both:
            each.close()


def _noted(who: Customer) -> int:
    """Return how many streams have their first tokens in a checkpoint."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM billing_admission WHERE workspace_id = %s AND progress_output > 0",
            [who.workspace.pk],
        )
        return int(cursor.fetchone()[0])


def _call(gateway: Gateway, secret: str, name: str, streamed: bool) -> tuple[Heard, float]:
    heard = gateway.chat(secret, name, stream=streamed, patience_s=40)
    return heard, time.monotonic()


def _streamed(ends: Hold) -> Answer:
    said = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    choice = {"index": 0, "delta": {"content": "Toll roads"}, "finish_reason": None}
    last = {"index": 0, "delta": {}, "finish_reason": "stop"}
    return stream(
        event({**said, "choices": [choice]}),
        Hold(ends.event),
        event({**said, "choices": [last]}),
        event({**said, "choices": [], "usage": USAGE}),
        DONE,
    )


def _whole(ends: Hold) -> Answer:
    return (ends, *answer(BODY))
