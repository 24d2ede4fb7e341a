"""One seeding: customers, then day by day their requests, what those cost, and the credit that pays for it."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from accounts.models import ApiKey, Workspace
from billing import ledger, partitions, rollup
from billing.models import UsageEvent
from billing.proof import retained
from billing.refusals import DETAILS_KEPT
from kernel import clock, money

from . import lines, shapes, wares
from .customers import Customer, made
from .days import Spread

__all__ = ["MOST_PER_DAY", "Refused", "Seeded", "seed"]

MOST_PER_DAY = 1_000_000
"""Requests of a day are sorted in memory, at some 200 bytes each."""
ACTOR = "manage.py seed_events"
_LEAST_TOPUP = 20 * money.NANO_PER_USD


class Refused(Exception):
    """Seeding would mix with what is there, or cannot be done."""


@dataclass(frozen=True, slots=True)
class Seeded:
    """What was written; `cost` in nano-USD, `seconds` for events alone and for all."""

    requests: int
    tries: int
    refused: int
    cost: int
    writing: float
    seconds: float


def seed(
    *,
    requests: int,
    workspaces: int,
    days: int,
    here: bool = False,
    first: Workspace | None = None,
    tell: Callable[[date, int, float], None] = lambda *_: None,
) -> Seeded:
    """Write that many settled requests of new workspaces over the last UTC days, charged to the last nano-dollar.

    Each day is one commit in which the accounts move too, then its charges are posted as the roll-up posts them, so
    the books agree after every commit. `first` is a workspace that is to be the largest customer. `tell` is given the day, the requests so far and the seconds they took.
    Raises Refused where events are already (but for `here`), months were dropped, or nothing is on sale.
    """
    began, now = time.monotonic(), clock.now()
    spread, dice = Spread(days, now), random.Random()
    _check(requests, spread, here=here)
    goods = wares.on_sale(now)
    if not goods:
        raise Refused(
            "nothing is on sale: no active chat model has a live chain and a price; see `manage.py demo`"
        )
    partitions.make_since(spread.days[0])
    customers = made(
        workspaces,
        requests,
        goods,
        dice,
        since=clock.start_of_minute(spread.begins_ms(spread.days[0]) // 60_000),
        first=first,
    )
    worn = [shapes.drawn(ware, dice) for ware in goods]
    names = [ware.public_id for ware in goods]
    written, writing = lines.Day(), 0.0
    for place, day in enumerate(spread.days):
        started = time.monotonic()
        told = _write(place, spread, customers, worn, names, dice, now)
        writing += time.monotonic() - started
        _charge(customers, day, told.costs)
        written.add(told)
        tell(day, written.requests, writing)
    _finish(customers, now)
    return Seeded(
        written.requests,
        written.tries,
        written.refused,
        sum(written.costs.values()),
        writing,
        time.monotonic() - began,
    )


def _check(requests: int, spread: Spread, *, here: bool) -> None:
    if not here and UsageEvent.objects.exists():
        raise Refused("there are usage events here already; --here writes among them")
    busiest = max(spread.share(place, requests) for place in range(len(spread.days)))
    if busiest > MOST_PER_DAY:
        raise Refused(f"{busiest:,} requests on one day are more than {MOST_PER_DAY:,}; take more days")
    with connection.cursor() as cursor:
        complete_from = retained.complete_from(cursor)
    if spread.days[0] < complete_from:
        raise Refused(f"events before {complete_from} were dropped; take fewer days")


def _write(
    place: int,
    spread: Spread,
    customers: Sequence[Customer],
    worn: Sequence[Sequence[shapes.Shape]],
    names: Sequence[str],
    dice: random.Random,
    now: datetime,
) -> lines.Day:
    with transaction.atomic(), connection.cursor() as cursor:
        _hurry(cursor)
        told = lines.written(
            cursor, place, spread, customers, worn, names, dice, details_from=now - DETAILS_KEPT
        )
        last = (spread.ends_ms(spread.days[place]) - 1) // 60_000
        cursor.execute(
            """UPDATE billing_account a SET unbilled = unbilled + cost, charge_no = charge_no + 1,
                   minute_no = greatest(minute_no, %s)
               FROM unnest(%s::bigint[], %s::bigint[]) c (workspace_id, cost) WHERE a.workspace_id = c.workspace_id""",
            [last, list(told.costs), list(told.costs.values())],
        )
    for customer in customers:
        customer.charge_no += customer.workspace_id in told.costs
    return told


def _charge(customers: Sequence[Customer], day: date, costs: dict[int, int]) -> None:
    for customer in customers:
        cost = costs.get(customer.workspace_id)
        if cost is None:
            continue
        if customer.balance < cost:
            customer.balance += _top_up(customer.workspace_id, day, cost)
        rollup.post(customer.workspace_id, actor=ACTOR)
        customer.balance -= cost


def _top_up(workspace: int, day: date, cost: int) -> int:
    """Top up by a round sum that pays for some ten days like this one."""
    amount = max(_LEAST_TOPUP, -(-10 * cost // _LEAST_TOPUP) * _LEAST_TOPUP)
    ledger.post(
        workspace_id=workspace,
        kind=ledger.Kind.TOP_UP,
        amount=amount,
        offset=ledger.System.CLEARING,
        idem_key=f"seed:{day}",
        reason="Made-up payment",
        actor=ACTOR,
        day=day,
    )
    return amount


def _finish(customers: Sequence[Customer], now: datetime) -> None:
    used = {habit.key_id for customer in customers for habit in customer.habits}
    ApiKey.objects.filter(pk__in=used).update(last_used_at=now)
    with connection.cursor() as cursor:
        _hurry(cursor)
        for table in ("usage_event", "attempt", "daily_usage", "usage_bucket", "refusal", "refusal_count"):
            cursor.execute(f"ANALYZE (SKIP_LOCKED) billing_{table}")


def _hurry(cursor: CursorWrapper) -> None:
    # Nothing waits for what is made up: lost in a crash with its account, it leaves the books as they were.
    cursor.execute("SET statement_timeout = 0")
    cursor.execute("SET synchronous_commit = off")
