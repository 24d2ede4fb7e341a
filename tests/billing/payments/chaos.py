"""Payments in chaos: events doubled, out of order, at once, cut off, forged; the ledger must be the set of payments."""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import psycopg
from django.db import connection, connections
from django.test import Client
from pytest_django import Settings

from billing import ledger
from billing.models import StripeEvent, TopUp
from kernel import postgres
from tests.billing import rows
from tests.billing.payments.till import Payer, Till, signature
from tests.fakes.stripe_world import Thing

CENT = 10_000_000
DOUBLES = 10
AT_ONCE = 6
MOST_ROUNDS = 200


@dataclass
class Report:
    """What a run came to."""

    payments: int
    deliveries: int = 0
    not_now: int = 0
    cut: int = 0
    broken: int = 0
    forged: int = 0
    forged_believed: int = 0
    wrong_balances: list[tuple[int, int, int]] = field(default_factory=list)
    findings: dict[int, Any] = field(default_factory=dict)
    wrong_credits: int = 0
    unhandled: int = 0


def run(till: Till, settings: Settings, *, payments: int, forgeries: int, seed: int) -> Report:
    """Have so many payments made by ten workspaces, deliver their events in chaos, and compare with Stripe."""
    chance = random.Random(seed)
    settings.TOPUPS_AN_HOUR = payments + 1
    payers = [till.payer() for _ in range(min(10, payments))]
    report = Report(payments)
    waiting = [e for n in range(payments) for e in _story(till, payers[n % len(payers)], chance)]
    bodies = [json.dumps(event) for event in waiting]
    with _crashes(settings, chance), _cuts(report):
        _deliver(till, bodies * DOUBLES, chance, report)
    _forge(till, bodies, forgeries, chance, report)
    _compare(till, payers, waiting, report)
    return report


def _story(till: Till, payer: Payer, chance: random.Random) -> Iterator[Thing]:
    """Yield the events of one payment, each as the world was then."""
    topup = till.begun(payer, chance.randrange(500, 20_000))
    session = topup.session_id or ""
    kind = chance.choice(["plain", "plain", "late", "failed", "expired", "five", "refunded", "won"])
    if kind == "expired":
        yield till.world.expire(session)
        return
    yield till.world.pay(session, delayed=kind in ("late", "failed", "five"))
    if kind == "failed":
        yield till.world.fall_through(session)
        return
    if kind in ("late", "five"):
        yield till.world.arrive(session)
    intent = till.world.get(session)["payment_intent"]
    part = topup.amount_cents // 3
    if kind in ("five", "refunded"):
        yield till.world.refund(intent, part)
    if kind == "refunded":
        yield till.world.refund(intent, chance.randrange(1, part))
    if kind in ("five", "won"):
        dispute = till.world.dispute(intent, amount=part)
        yield till.world.event("charge.dispute.created", dispute)
        yield till.world.close_dispute(dispute["id"], won=kind == "won")


def _deliver(till: Till, bodies: list[str], chance: random.Random, report: Report) -> None:
    """Deliver until each was answered by 200, as Stripe does."""
    left = list(bodies)
    for _ in range(MOST_ROUNDS):
        if not left:
            return
        chance.shuffle(left)
        with ThreadPoolExecutor(AT_ONCE, initializer=_open_door) as pool:
            statuses = list(pool.map(lambda body: _send(till, body), left))
        report.deliveries += len(left)
        report.not_now += statuses.count(503)
        report.broken += statuses.count(500)
        left = [body for body, status in zip(left, statuses, strict=True) if status != 200]
    report.unhandled = len(left)


_doors = threading.local()


def _open_door() -> None:
    _doors.mine = Client(enforce_csrf_checks=True, raise_request_exception=False)


def _send(till: Till, body: str) -> int:
    try:
        return Till(till.stripe, _doors.mine).send(body, signature(body))
    finally:
        connections.close_all()


@contextmanager
def _crashes(settings: Settings, chance: random.Random) -> Iterator[None]:
    """Break now and then: right after the ledger was written, right after the commit, or while Stripe is asked."""
    lock, post = threading.Lock(), ledger.post

    def breaking(**movement: Any) -> Any:
        made = post(**movement)
        with lock:
            breaks = chance.random() < 0.05
        if breaks:
            raise RuntimeError("killed after the ledger was written")
        return made

    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.answers_get_lost"]
    try:
        with patch.object(ledger, "post", breaking):
            yield
    finally:
        settings.MIDDLEWARE = settings.MIDDLEWARE[:-1]


def answers_get_lost(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Lose one in twenty answers after the commit: the caller is told 500, as of a process that died."""

    def middleware(request: Any) -> Any:
        answer = get_response(request)
        if answer.status_code == 200 and random.random() < 0.05:
            raise RuntimeError("killed after the commit, before the answer")
        return answer

    return middleware


@contextmanager
def _cuts(report: Report) -> Iterator[None]:
    """Terminate a session of the database every now and then, whatever it is doing."""
    over = threading.Event()

    def cut() -> None:
        with psycopg.connect(postgres.conninfo(), autocommit=True) as apart:
            while not over.wait(0.15):
                found = apart.execute(
                    """SELECT count(pg_terminate_backend(pid)) FROM (
                           SELECT pid FROM pg_stat_activity WHERE datname = current_database()
                             AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND query LIKE '%billing_%' AND state <> 'idle'
                           ORDER BY random() LIMIT 1) AS one"""
                ).fetchone()
                report.cut += found[0] if found else 0

    thread = threading.Thread(target=cut)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _forge(till: Till, bodies: list[str], count: int, chance: random.Random, report: Report) -> None:
    """Send forgeries of many kinds, of events that would credit if they were believed."""
    from tests.billing.payments.test_webhooks import forgeries

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM billing_stripe_event")
        before = cursor.fetchone()
    while report.forged < count:
        event = json.loads(chance.choice(bodies))
        event["id"] = f"evt_forged{report.forged}_{time.time_ns()}"
        for _, body, header, content_type in forgeries(json.dumps(event)):
            report.forged += 1
            report.forged_believed += till.send(body, header, content_type=content_type) != 400
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM billing_stripe_event")
        assert cursor.fetchone() == before, "a forgery left a row"


def _compare(till: Till, payers: list[Payer], events: list[Thing], report: Report) -> None:
    for payer in payers:
        workspace = payer.workspace.pk
        customer = TopUp.objects.filter(workspace_id=workspace).values_list("customer_id", flat=True)[0]
        held = till.world.total(customer) * CENT
        if payer.posted != held:
            report.wrong_balances.append((workspace, payer.posted, held))
        if found := rows.findings(workspace):
            report.findings[workspace] = found
        paid = [i for i in till.world.all("pi", customer=customer) if i["status"] == "succeeded"]
        credited = Counter(amount for kind, amount in payer.kinds() if kind == "topup")
        report.wrong_credits += credited != Counter(i["amount_received"] * CENT for i in paid)
    kept = StripeEvent.objects.filter(pk__in=[event["id"] for event in events])
    report.unhandled += len(events) - kept.exclude(outcome=None).count()
