"""Money conserved: for any prices, multipliers and counts, settled and rolled up in any order, every sum is one sum."""

import asyncio
import csv
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from fractions import Fraction
from io import StringIO
from math import floor
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection, transaction
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from billing import activity, rollup, statements
from billing.gate import Gate
from billing.paper import month_usage, requests_csv
from billing.paper.months import Month
from billing.reach import UNBOUNDED
from billing.settlement import Settlement
from catalog import pricing
from catalog.models import Model, PriceVersion, Rate
from catalog.pricing import Counts, Factor, RateCard
from kernel import clock, ids, money
from tests.billing import rows
from tests.billing.test_admission import ask

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.timeout(300)]

FUNDS = 10**15
CLASSES = tuple(each.name for each in fields(Counts))
ZONES = ("UTC", "Asia/Kolkata", "Asia/Kathmandu", "America/St_Johns", "Pacific/Kiritimati")
KEYS = (1, 2, 3)
Rates = dict[str, tuple[tuple[int, int], ...]]


@dataclass(frozen=True)
class Request:
    """One request: which of two models, by which key and tag, what it used, at which factors; or that it failed."""

    model: int
    key: int
    tag: str
    counts: Counts
    ppm: tuple[int, ...]
    failed: bool


@dataclass(frozen=True)
class Burst:
    """Requests that are settled at the same time, and what the roll-up does after them."""

    requests: tuple[Request, ...]
    closes: bool
    posts: bool


@st.composite
def prices(draw: st.DrawFn) -> Rates:
    """Rates of every class, with a long-context step here and there, down to a pico-dollar a token."""
    found = {}
    for name in (*CLASSES, "request"):
        amount = st.integers(0, 10**8) | st.integers(0, 999)
        border = draw(st.none() | st.integers(1, 200_000)) if name != "request" else None
        found[name] = ((0, draw(amount)), *(((border, draw(amount)),) if border else ()))
    return found


counts = st.builds(Counts, **{name: st.just(0) | st.integers(0, 300_000) for name in CLASSES})
requests = st.builds(
    Request,
    model=st.integers(0, 1),
    key=st.sampled_from(KEYS),
    tag=st.sampled_from(("", "nightly", "=cmd")),
    counts=counts,
    ppm=st.lists(st.integers(0, 3_000_000), max_size=4).map(tuple),
    failed=st.sampled_from((False, False, False, True)),
)
bursts = st.builds(
    Burst, st.lists(requests, min_size=1, max_size=6).map(tuple), closes=st.booleans(), posts=st.booleans()
)


@transaction.atomic
def priced(rates: Rates) -> tuple[int, RateCard]:
    """Save a model with a sell price; return its id and the price as a rate card."""
    name = f"test/{ids.request_id()}"
    model = Model.objects.create(
        public_id=name,
        name=name,
        author="test",
        tier="lite",
        context_length=1000,
        max_output_tokens=100,
        created_at=clock.now(),
    )
    version = PriceVersion.objects.create(model=model, valid_from=clock.now(), source="test")
    for token_class, steps in rates.items():
        for above, amount in steps:
            Rate.objects.create(
                price_version=version,
                token_class=token_class,
                min_prompt_tokens=above,
                micro_usd_per_million=amount,
            )
    return model.pk, RateCard(version.pk, rates)


def expected(rates: Rates, request: Request) -> int:
    """Reckon a cost in nano-USD with fractions, from nothing but the price list."""
    if request.failed:
        return 0
    prompt = sum(getattr(request.counts, name) for name in pricing.PROMPT_CLASSES)
    pico = Fraction(rates["request"][0][1])
    for name in CLASSES:
        fitting = [amount for above, amount in rates[name] if above == 0 or prompt > above]
        pico += getattr(request.counts, name) * fitting[-1]
    for ppm in request.ppm:
        pico *= Fraction(ppm, 10**6)
    return floor(pico / 1000 + Fraction(1, 2))


def settlement(
    request: Request, card: RateCard, *, model_id: int, request_id: UUID, workspace: int
) -> Settlement:
    factors = [Factor(number + 1, ppm) for number, ppm in enumerate(request.ppm)]
    cost = 0 if request.failed else pricing.cost(card, request.counts, factors)
    return Settlement(
        request_id=request_id,
        workspace_id=workspace,
        status="failed" if request.failed else "ok",
        http_status=502 if request.failed else 200,
        usage_source="none" if request.failed else "upstream",
        cost=cost,
        multipliers=pricing.factors_text(factors),
        counts=Counts() if request.failed else request.counts,
        model_id=model_id,
        price_version_id=card.version_id,
    )


async def settle(gate: Gate, workspace: int, burst: Burst, models: Sequence[tuple[int, RateCard]]) -> None:
    """Admit and settle the requests of a burst, all at once."""

    async def one(request: Request) -> None:
        model_id, card = models[request.model]
        request_id = ids.request_id()
        made = settlement(request, card, model_id=model_id, request_id=request_id, workspace=workspace)
        await gate.admit(
            ask(
                request_id=request_id,
                workspace_id=workspace,
                api_key_id=request.key,
                model_id=model_id,
                price_version_id=card.version_id,
                tag=request.tag,
                hold=made.cost,
                minute_cap=None,
                hour_cap=None,
                day_cap=None,
            )
        )
        await gate.settle(made)

    await asyncio.gather(*(one(request) for request in burst.requests))


def number(sql: str, workspace: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, [workspace])
        [found] = cursor.fetchone() or (None,)
        return int(found or 0)


def told(workspace: int, first: date, last: date, zone: str) -> dict[str, int]:
    """Return what each page and export says was spent, posted or not."""
    local = ZoneInfo(zone)
    spent = {
        group: statements.spend(
            workspace,
            first=first - timedelta(days=1),
            last=last + timedelta(days=1),
            zone=local,
            by="hour",
            group=group,
            top=1,
        )
        for group in ("none", "key", "model", "provider", "tag")
    }
    midnight = clock.start_of_minute(clock.minute_number() // 1440 * 1440) - timedelta(days=1)
    return {
        "totals": statements.totals(workspace, first, last).cost,
        "daily": sum(row.cost for row in statements.daily(workspace, first, last)),
        **{f"spend by {group}": found.total.cost for group, found in spent.items()},
        **{f"hours by {group}": sum(each.cost for each in found.values) for group, found in spent.items()},
        "activity by day": sum(row.cost for row in activity.by_day(workspace, first, last)),
        "activity by model": sum(row.cost for row in activity.by_model_since(workspace, midnight)),
        "keys": sum(activity.spend_of_key(workspace, key).ever for key in KEYS),
        "credit used": activity.credit(workspace).used,
        "balance": FUNDS - statements.balance(workspace).available,
        "export": sum(exported(workspace, month) for month in {Month.of(first), Month.of(last)}),
    }


def exported(workspace: int, month: Month) -> int:
    async def gather(chunks: AsyncIterator[bytes]) -> bytes:
        return b"".join([chunk async for chunk in chunks])

    body = async_to_sync(gather)(
        requests_csv.chunks(requests_csv.span(workspace, month, reach=UNBOUNDED))
    ).decode()
    return sum(money.from_usd(line["usd_exact"]) for line in csv.DictReader(StringIO(body, newline="")))


def kept(workspace: int, first: date, last: date) -> dict[str, int]:
    """Return what the rows hold once everything is posted."""
    legs = (
        "SELECT sum(e.amount) FROM billing_ledger_entry e JOIN billing_ledger_transaction t ON t.id = e.transaction_id"
        " AND t.workspace_id = e.workspace_id WHERE t.kind = 'usage' AND e.workspace_id = %s AND e.account"
    )
    months = {Month.of(first), Month.of(last)}
    stood = [month_usage.read(workspace, month) for month in months]
    return {
        "events": number("SELECT sum(cost) FROM billing_usage_event WHERE workspace_id = %s", workspace),
        "days": number("SELECT sum(cost) FROM billing_daily_usage WHERE workspace_id = %s", workspace),
        "quarters": number("SELECT sum(cost) FROM billing_usage_bucket WHERE workspace_id = %s", workspace),
        "debits": -number(f"{legs} = 'workspace'", workspace),
        "revenue": number(f"{legs} = 'revenue'", workspace),
        "posted": FUNDS - rows.account(workspace)["posted"],
        "monthly statement": sum(
            line.nano for each in stood for line in (*each.lines, *([each.rest] if each.rest else []))
        ),
    }


# Without shrinking: each example takes real commits, and hundreds of smaller ones would take longer than the test may.
@settings(max_examples=20, phases=(Phase.generate,))
@given(st.tuples(prices(), prices()), st.lists(bursts, min_size=1, max_size=4), st.sampled_from(ZONES))
def test_conservation_to_the_last_nano(both: tuple[Rates, Rates], work: list[Burst], zone: str) -> None:
    workspace = rows.workspace(tiers=["free", "lite"])
    rows.fund(workspace, FUNDS)
    models = [priced(rates) for rates in both]
    first = clock.utc_day(clock.now())

    async def live() -> None:
        gate = Gate()
        await gate.start()
        try:
            for burst in work:
                await settle(gate, workspace, burst, models)
                if burst.closes:
                    await sync_to_async(rollup.close)(workspace)
                if burst.posts:
                    await sync_to_async(rollup.post)(workspace)
        finally:
            await gate.stop()

    async_to_sync(live)()
    last = clock.utc_day(clock.now())
    total = sum(expected(both[request.model], request) for burst in work for request in burst.requests)

    before = told(workspace, first, last, zone)
    assert before == dict.fromkeys(before, total)  # some of it is posted, some is not

    rollup.close(workspace)
    rollup.post(workspace)
    after = told(workspace, first, last, zone) | kept(workspace, first, last)
    assert after == dict.fromkeys(after, total)
    account = rows.account(workspace)
    assert (account["unbilled"], account["held"], account["open_streams"]) == (0, 0, 0)
    assert rows.findings(workspace) == {}
