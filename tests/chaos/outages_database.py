"""What is measured while PostgreSQL is away: how fast new calls are refused, how open ones end, when it is over."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

from tests.fakes.cast import customer, model
from tests.fakes.gateway import Gateway, running_gateway
from tests.fakes.upstream import running_sandbox

from .offered import Answered, offered
from .outage import COST, PLAIN, STREAMS, Postgres, calls
from .outages_report import Line, at, spread

__all__ = ["database_away"]

CALLERS = 8
CALM_SECONDS = 5.0
AFTER_SECONDS = 20.0


def database_away(postgres: Postgres, journals: Path, *, seconds: float) -> Iterator[Line]:
    """Stop PostgreSQL under load, with answers open that end meanwhile, and start it again."""
    with (
        running_sandbox() as sandbox,
        running_gateway(TOLLWAY_JOURNAL_DIR=str(journals)) as gateway,
        calls(gateway) as open_calls,
    ):
        who, name = customer(), model((sandbox, "words"))
        gateway.knows(who.secret, name)
        with _load(gateway, who.secret, name) as load:
            time.sleep(CALM_SECONDS)
            postgres.stop()
            stopped = time.monotonic()
            open_calls.end()
            time.sleep(seconds)
            starts = time.monotonic()
            postgres.start()
            started = time.monotonic()
            time.sleep(AFTER_SECONDS)
        answers = load.answers
        heard = open_calls.answers()
        gateway.eventually(lambda: open_calls.who.open_requests() == 0, within=60)
        charged = sum(event["cost"] for event in open_calls.who.events())
    whole = sum(each.status == 200 and each.whole for each in heard)
    number = STREAMS + PLAIN
    yield Line(
        "G22",
        f"PostgreSQL stopped for {seconds:.0f} s: answers that were open",
        f"{whole} of {number} whole, charged {charged} nano-USD",
        f"≥ 99 %, {COST * number} nano-USD",
        whole == number and charged == COST * number,
    )
    yield from _refused([each for each in answers if stopped <= each.began < starts], stopped)
    back = min(each.began + each.seconds for each in answers if each.began > started and each.status == 200)
    yield Line(
        "P04",
        "from its return to the first answer",
        f"{back - started:.1f} s",
        "≤ 10 s",
        back - started <= 10,
        exact=False,
    )
    settled = [event for event in who.events() if event["status"] == "ok"]
    good = sum(each.status == 200 for each in answers)
    yield Line(
        "G22",
        f"{len(answers):,} new calls before, during and after: events of the answered ones",
        f"{good:,} answered, {len(settled):,} charged",
        "equal",
        good == len(settled),
    )


def _refused(meanwhile: list[Answered], stopped: float) -> Iterator[Line]:
    statuses = {each.status for each in meanwhile}
    took = [each.seconds for each in meanwhile if each.status == 503]
    first = [each.seconds for each in meanwhile if each.status == 503 and each.began - stopped < 1]
    yield Line(
        "G22",
        f"{len(meanwhile):,} new calls meanwhile, by {CALLERS} callers",
        f"statuses {sorted(statuses)}",
        "503 only, once the calls of before have ended",
        statuses <= {200, 503} and len(took) > len(meanwhile) / 2,
    )
    yield Line(
        "G22",
        f"time to the 503 (in the first second: {spread(first)})",
        spread(took),
        "p50 and p99 ≤ 50 ms",
        at(took, 0.99) <= 50e-3,
        exact=False,
    )


class _load:
    """Callers that go on in a thread for as long as the block lasts; `answers` are complete after it."""

    def __init__(self, gateway: Gateway, secret: str, name: str) -> None:
        self.answers: list[Answered] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(gateway, secret, name))

    def __enter__(self) -> "_load":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self, gateway: Gateway, secret: str, name: str) -> None:
        self.answers = offered(
            [gateway], secret, name, requests=10**9, at_once=CALLERS, until=self._over.is_set
        )
