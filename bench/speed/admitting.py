"""How many requests a second the gate admits and settles, and how many it refuses: no HTTP, the project's own batcher."""

import asyncio
import functools
import itertools
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import meters
from .figures import Run

if TYPE_CHECKING:
    from billing.admission import Ask
    from billing.gate import Gate

__all__ = ["play"]

AT_ONCE = 64
TOKENS_IN, TOKENS_OUT = 20, 100
RATE = 1_000_000  # micro-USD per million tokens: a thousand nano-dollars a token
COST = (TOKENS_IN + TOKENS_OUT) * 1_000
HOLD = 2 * COST
CREDIT = 10**15
CAP = 10**9

Turn = Callable[["Gate", "Ask"], Awaitable[None]]


def play(*, workspaces: int, seconds: float, run: Run) -> None:
    """Note cycles a second of one workspace and of many, and refusals by credit and by a cap; within `database`."""
    import uvloop

    from billing.proof.audit import audit
    from tests.billing import rows

    rich = [rows.workspace() for _ in range(workspaces)]
    poor = rows.workspace()
    for each in rich:
        rows.fund(each, CREDIT)
    with meters.on_core(meters.cores().gateway):
        uvloop.run(_play(_Buyers(rich, poor, *rows.price(input=RATE, output=RATE)), seconds, run))
    report = audit()
    held = sum(rows.account(each)["held"] for each in rich)
    if report.broken or held:
        run.findings.append(f"admission: the audit has {report.broken} findings, {held} nano-USD are held")


@dataclass(frozen=True)
class _Buyers:
    """Workspaces with credit, one without, and what they buy at which price."""

    rich: Sequence[int]
    poor: int
    model_id: int
    price_id: int

    def ask(self, workspace: int, cap: int) -> "Ask":
        from billing.admission import Ask
        from kernel import ids

        return Ask(
            request_id=ids.request_id(),
            workspace_id=workspace,
            api_key_id=1,
            model_id=self.model_id,
            chain_id=1,
            price_version_id=self.price_id,
            multipliers="",
            hold=HOLD,
            weight=1,
            stream=False,
            tag="",
            minute_cap=cap,
            hour_cap=CAP,
            day_cap=CAP,
            stream_cap=CAP,
        )


async def _play(buyers: _Buyers, seconds: float, run: Run) -> None:
    from billing.gate import Gate

    gate = Gate()
    await gate.start()
    try:
        cycling = functools.partial(_rate, gate, buyers, _cycle, seconds=seconds)
        refusing = functools.partial(_rate, gate, buyers, _refusal, [buyers.poor], seconds=seconds)
        run.values["cycles one"] = await cycling(buyers.rich[:1])
        run.values["cycles many"] = await cycling(buyers.rich)
        run.values["refusals"] = await refusing()
        run.values["refusals remembered"] = await refusing(cap=0)
    finally:
        await gate.stop()


async def _rate(
    gate: "Gate", buyers: _Buyers, turn: Turn, workspaces: Sequence[int], *, seconds: float, cap: int = CAP
) -> float:
    """Return turns a second, of so many callers who each take the next as soon as the last is over."""
    began = time.perf_counter()

    async def calling(place: int) -> int:
        for number in itertools.count():
            if time.perf_counter() - began >= seconds:
                return number
            await turn(gate, buyers.ask(workspaces[(place + number * AT_ONCE) % len(workspaces)], cap))
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)  # what is answered from memory never waits by itself
        raise AssertionError("counting has no end")

    done = sum(await asyncio.gather(*(calling(place) for place in range(AT_ONCE))))
    return done / (time.perf_counter() - began)


async def _cycle(gate: "Gate", ask: "Ask") -> None:
    from billing.settlement import Settlement
    from catalog.pricing import Counts

    await gate.admit(ask)
    await gate.settle(
        Settlement(
            request_id=ask.request_id,
            workspace_id=ask.workspace_id,
            status="ok",
            http_status=200,
            usage_source="upstream",
            cost=COST,
            multipliers="",
            counts=Counts(input=TOKENS_IN, output=TOKENS_OUT),
        )
    )


async def _refusal(gate: "Gate", ask: "Ask") -> None:
    from billing.admission import Refused

    try:
        await gate.admit(ask)
    except Refused:
        return
    raise RuntimeError("a request that must be refused was let in")
