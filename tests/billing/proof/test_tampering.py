"""Tampering: whoever changes one unit of anything the money rests on is found, with the workspace and the day."""

import datetime
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection

from billing import ledger, recomputed
from billing.models import Dispute, LedgerEntry, LedgerTransaction, TopUp
from billing.proof.invariants import INVARIANTS
from billing.proof.rules import Finding, Scope, check
from kernel import clock, ids
from tests.billing import rows
from tests.billing.proof import lives
from tests.billing.proof.lives import day_before

pytestmark = pytest.mark.django_db

SEALED, CHARGED = day_before(4), day_before(1)


@dataclass(frozen=True)
class Change:
    """One unit off: in which table, how, in which rows, and whether the finding can name a day."""

    table: str
    change: str
    where: str = "true"
    day: datetime.date | None = None


def _minute(day: datetime.date) -> int:
    return (day - datetime.date(1970, 1, 1)).days * 1440


def event(change: str, day: datetime.date = CHARGED) -> Change:
    return Change("billing_usage_event", change, f"minute_no = {_minute(day)} AND rev = 0", day)


def entry(change: str, where: str, day: datetime.date | None = None) -> Change:
    return Change("billing_ledger_entry", change, where, day)


def _sums(table: str, column: str, where: str, day: datetime.date) -> Change:
    return Change(table, f"{column} = {column} + 1", where, day)


QUARTER = f"starts_at = '{CHARGED} 00:00Z'"
OF_THE_CHARGE = "transaction_id = (SELECT id FROM billing_ledger_transaction t WHERE t.workspace_id = e.workspace_id AND t.kind = 'usage' AND t.day = '{}' ORDER BY id LIMIT 1)"
OF_THE_PAYMENT = (
    "transaction_id = (SELECT transaction_id FROM billing_topup t WHERE t.workspace_id = e.workspace_id)"
)
CHANGES = {
    "the cost of a request, up": event("cost = cost + 1"),
    "the cost of a request, down": event("cost = cost - 1"),
    "what a provider bills for a request": event("provider_cost = provider_cost + 1"),
    **{
        f"the {name} of a request": event(f"{name} = {name} + 1")
        for name in (
            *("input_tokens", "cached_tokens", "cache_write_tokens", "cache_write_1h_tokens", "output_tokens"),
            *("reasoning_tokens", "image_in_tokens", "image_out_tokens", "audio_in_tokens", "audio_out_tokens"),
            *("images", "web_searches"),
        )
    },
    "the cost of a sealed request": event("cost = cost + 1", SEALED),
    "the hold of a sealed request": event("hold = hold + 1", SEALED),
    "the key of a sealed request": event("api_key_id = api_key_id + 1", SEALED),
    "the latency of a sealed request": event("latency_ms = latency_ms + 1", SEALED),
    "the cost of a request not yet charged": event("cost = cost + 1", day_before(0)),
    "the cost of a correction": Change("billing_usage_event", "cost = cost + 1", "rev = 1", CHARGED),
    "the minute of a request": event("minute_no = minute_no + 20"),
    "the charge of a request": event("charge_no = charge_no - 1"),
    "a charge": entry("amount = amount + 1", f"account = 'workspace' AND {OF_THE_CHARGE.format(CHARGED)}", CHARGED),
    "the other leg of a charge": entry("amount = amount - 1", f"account = 'revenue' AND {OF_THE_CHARGE.format(CHARGED)}", CHARGED),
    "both legs of a charge": entry("amount = amount + CASE account WHEN 'workspace' THEN 1 ELSE -1 END", OF_THE_CHARGE.format(CHARGED), CHARGED),
    "a sealed charge": entry("amount = amount + 1", f"account = 'workspace' AND {OF_THE_CHARGE.format(SEALED)}", SEALED),
    "a payment in the ledger": entry("amount = amount + 1", f"account = 'workspace' AND {OF_THE_PAYMENT}", day_before(0)),
    "a running balance": entry("balance_after = balance_after + 1", "seq = 3", SEALED),
    "the last running balance": entry("balance_after = balance_after + 1", "seq = (SELECT max(seq) FROM billing_ledger_entry l WHERE l.workspace_id = e.workspace_id)", CHARGED),
    "what a sealed top-up was offset on": entry("account = 'promotion'", "account = 'clearing' AND transaction_id = (SELECT id FROM billing_ledger_transaction t WHERE t.workspace_id = e.workspace_id ORDER BY id LIMIT 1)", day_before(5)),
    **{
        f"what is {column}, {name}": Change("billing_account", f"{column} = {column} {step}")
        for column in ("posted", "unbilled", "held")
        for name, step in (("up", "+ 1"), ("down", "- 1"))
    },
    "the open streams": Change("billing_account", "open_streams = open_streams + 1"),
    "what is withheld": Change("billing_account", "withheld = withheld + 1"),
    "what lapses": Change("billing_account", "lapsing = lapsing + 1"),
    "the hold of an open request": Change("billing_admission", "hold = hold + 1"),
    **{
        f"the {column} of a day": _sums("billing_daily_usage", column, f"day = '{CHARGED}' AND tag = ''", CHARGED)
        for column in ("cost", "provider_cost", "requests", "failed", "input_tokens", "web_searches")
    },
    **{
        f"the {column} of a quarter of an hour": _sums("billing_usage_bucket", column, QUARTER, CHARGED)
        for column in ("cost", "provider_cost", "output_tokens", "images")
    },
    "the sums under a seal": Change("billing_day_seal", "sums = jsonb_set(sums, '{cost}', to_jsonb((sums ->> 'cost')::bigint + 1))", f"day = '{SEALED}'", SEALED),
    **{
        f"the {column} of a seal": Change("billing_day_seal", f"{column} = {column} + 1", f"day = '{SEALED}'", SEALED)
        for column in ("events", "through_no", "ledger_seq")
    },
    **{
        f"the {column} of a seal": Change("billing_day_seal", f"{column} = set_byte({column}, 7, get_byte({column}, 7) # 1)", f"day = '{SEALED}'", SEALED)
        for column in ("events_digest", "days_digest", "ledger_digest", "seal")
    },
    "what remains of a lot": Change("billing_credit_lot", "remaining = remaining - 1", "remaining > 0"),
    "the part of a lot in a charge": Change("billing_credit_movement", "amount = amount + 1", f"amount < -1 AND {OF_THE_CHARGE.format(CHARGED)}", CHARGED),
    "what no lot covered": Change("billing_purse", "uncovered = uncovered + 1"),
    "a payment": Change("billing_topup", "amount_cents = amount_cents + 1", day=day_before(0)),
    "what was refunded of a payment": Change("billing_topup", "refunded_cents = refunded_cents + 1", day=day_before(0)),
    "what a dispute took": Change("billing_dispute", "taken_cents = taken_cents + 1", day=day_before(0)),
}  # fmt: skip


@pytest.fixture
def workspace() -> int:
    """A workspace with everything in it, all of it right."""
    made, columns = lives.past(), lives.priced()
    _pay(made)
    lives.settle_on(
        made, CHARGED, cost=-2, hold=0, rev=1, **{
            "request_id": lives.settle_on(made, CHARGED, minute=3, **(columns | {"cost": 43, "hold": 50})),
            "price_version_id": columns["price_version_id"], "model_id": columns["model_id"], "latency_ms": 1,
        }
    )  # fmt: skip
    lives.charge(made)
    lives.settle_on(made, day_before(0), minute=0, **columns)
    rows.admit(made, hold=70, stream=True)
    assert rows.findings(made) == {}
    return made


def _pay(workspace: int) -> None:
    """Pay by card, of which a part is refunded and a part disputed."""
    now, top_up, intent = clock.now(), ids.request_id(), "pi_1"
    posted = ledger.post(
        workspace_id=workspace,
        kind=LedgerTransaction.Kind.TOP_UP,
        amount=500 * 10**7,
        offset=LedgerEntry.Account.CLEARING,
        idem_key=f"stripe:{intent}",
    )
    for kind, key, offset in (
        (LedgerTransaction.Kind.REFUND, f"stripe:{top_up}:refund:1", LedgerEntry.Account.CLEARING),
        (LedgerTransaction.Kind.DISPUTE, "stripe:dp_1:1", LedgerEntry.Account.DISPUTES),
    ):
        ledger.post(
            workspace_id=workspace, kind=kind, amount=-(10**7), offset=offset, idem_key=key, lot_of=posted
        )
    columns: dict[str, Any] = {"workspace_id": workspace, "id": top_up, "payment_intent": intent}
    TopUp.objects.create(
        source="checkout",
        amount_cents=500,
        currency="usd",
        livemode=False,
        customer_id="cus_1",
        status=TopUp.Status.PAID,
        transaction_id=posted,
        refunded_cents=1,
        refund_no=1,
        created_by=1,
        created_at=now,
        paid_at=now,
        **columns,
    )
    Dispute.objects.create(
        id=ids.request_id(),
        dispute_id="dp_1",
        workspace_id=workspace,
        topup_id=top_up,
        amount_cents=500,
        taken_cents=1,
        movement_no=1,
        reason="fraudulent",
        status="lost",
        opened_at=now,
    )


def _audit() -> list[Finding]:
    with connection.cursor() as cursor:
        outcomes = [check(cursor, rule, Scope()) for rule in INVARIANTS]
        outcomes.append(recomputed.check(cursor))
    return [finding for outcome in outcomes for finding in outcome.findings]


def test_at_least_fifty_changes_are_tried() -> None:
    assert len(CHANGES) >= 50


@pytest.mark.parametrize("name", CHANGES)
def test_one_unit_more_or_less_is_found_with_its_workspace_and_day(name: str, workspace: int) -> None:
    tried = CHANGES[name]
    before = set(_audit())
    changed = lives.unguarded(
        tried.table,
        f"UPDATE {tried.table} e SET {tried.change} WHERE workspace_id = %s AND {tried.where}",
        workspace,
    )
    assert changed >= 1
    found = set(_audit()) - before
    assert {finding.workspace_id for finding in found} == {workspace}
    assert tried.day in {finding.day for finding in found}
