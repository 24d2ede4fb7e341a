"""Whether limits hold to the request over two web processes: as many are offered as would pass ten times over."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from kernel import money
from tests.chaos.offered import Answered, offered, statuses

if TYPE_CHECKING:
    from tests.fakes.cast import Customer

    from .site import Site

__all__ = ["Limit", "held", "known"]

AT_ONCE = 64
TIMES = 4
CAP, SLOTS, WORTH = 100, 20, 50
KNOWN_SECONDS = 30.0
LATEST_SECOND = 40
"""Of a minute, at which a burst may begin so that it ends within it."""
FLAT = {"input": 0, "output": 0, "request": 1_000_000}
"""A price of requests alone: what is held is what is charged, so that a sum is worth a number of requests."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What was offered at a limit over both processes, and what came of it."""

    name: str
    offered: int
    passed: int
    refused: int
    others: int
    wanted: int

    @property
    def kept(self) -> bool:
        """Whether exactly as many passed as may, and all others were refused."""
        return self.passed == self.wanted and self.refused == self.offered - self.wanted


@dataclass(frozen=True)
class _Web:
    base_url: str


def held(site: "Site") -> Iterator[Limit]:
    """Ask for one request, which tells a price, and offer at the cap of a minute, the slots for streams, a key's budget and a workspace's credit."""
    from billing import budgets
    from tests.fakes.cast import customer, model

    webs = [_Web(f"http://127.0.0.1:{port}/v1") for port in site.ports.values()]
    sandbox = f"{site.deployed.sandbox}/v1"
    words, slow = model((sandbox, "words"), rates=FLAT), model((sandbox, "slow"), rates=FLAT)

    def tried(name: str, who: "Customer", wanted: int, refusal: int, **more: Any) -> Limit:
        of = more.pop("of", words)
        for web in webs:
            known(web.base_url, who.secret, of)
        answers = offered(webs, who.secret, of, requests=TIMES * wanted, **{"at_once": AT_ONCE, **more})
        return _counted(name, answers, wanted, refusal)

    price = _price(webs[0], customer(), words)
    yield Limit("one request, to know its price", offered=1, passed=1, refused=0, others=0, wanted=1)
    capped, streaming, budgeted = customer(minute_cap=CAP), customer(stream_cap=SLOTS), customer()
    poor = customer(credit_usd=money.show(WORTH * price))
    limit, period = WORTH * price, budgets.Period.MONTH
    budgets.put(budgeted.workspace.pk, budgeted.key.pk, limit=limit, period=period, actor="bench")
    for web in webs:
        known(web.base_url, capped.secret, words)
    _early_in_a_minute()
    yield tried("requests a minute", capped, CAP, 429)
    yield tried("open streams", streaming, SLOTS, 429, of=slow, stream=True, at_once=TIMES * SLOTS)
    yield tried("a key's budget", budgeted, WORTH, 429)
    yield tried("a workspace's credit", poor, WORTH, 402)


def _counted(name: str, answers: list[Answered], wanted: int, refusal: int) -> Limit:
    found = statuses(answers)
    passed, refused = found.get(200, 0), found.get(refusal, 0)
    return Limit(name, len(answers), passed, refused, len(answers) - passed - refused, wanted)


def _price(web: _Web, who: "Customer", name: str) -> int:
    """Return what one request costs in nano-USD, by asking for one."""
    known(web.base_url, who.secret, name)
    offered([web], who.secret, name, requests=1, at_once=1)
    [event] = who.events()
    return int(event["cost"])


def known(base_url: str, secret: str, name: str) -> None:
    """Wait until a web process sells a model to a customer. Raises TimeoutError if it does not learn of them."""
    asked = Request(f"{base_url}/models/{name}", headers={"X-API-Key": secret})
    _until(lambda: _is_answered(asked))


def _is_answered(asked: Request) -> bool:
    try:
        with urlopen(asked, timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _early_in_a_minute() -> None:
    while time.time() % 60 > LATEST_SECOND:
        time.sleep(0.5)


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + KNOWN_SECONDS
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError("a web process did not learn of a customer or a model")
        time.sleep(0.05)
