"""Invariants: silent while the money is right, and each finds its own kind of wrong."""

import datetime
from typing import Any

import pytest
from django.db import connection, transaction

from billing import ledger, recomputed, rollup
from billing.models import LedgerEntry, LedgerTransaction
from billing.proof.books import BOOKS
from billing.proof.funds import FUNDS
from billing.proof.invariants import INVARIANTS
from billing.proof.rules import Scope, check
from billing.proof.usage import USAGE
from kernel import clock, ids
from tests.billing import rows
from tests.billing.proof import lives

DAY = datetime.date(2026, 11, 21)
MINUTE = (DAY - datetime.date(1970, 1, 1)).days * 1440


def life() -> int:
    """Make a workspace with everything in it: a top-up, open requests, posted, closed and open numbers."""
    workspace = rows.workspace()
    ledger.post(
        workspace_id=workspace,
        kind=LedgerTransaction.Kind.TOP_UP,
        amount=1_000_000,
        offset=LedgerEntry.Account.CLEARING,
        idem_key="k",
    )
    model, version = rows.price(input=1_000_000, cached=100_000, output=3_000_000)
    pinned: dict[str, Any] = {
        "model_id": model,
        "price_version_id": version,
        "multipliers": "1:1400000",
    }
    for number in range(3):
        for day in range(2):
            rows.settle(
                workspace,
                cost=(5 * 1000 + 8 * 3000) * 14 // 10,
                minute_no=MINUTE + day * 1440,
                input_tokens=5,
                output_tokens=8,
                **pinned,
            )
        rows.settle(workspace, status="failed", http_status=502, input_tokens=9, minute_no=MINUTE, **pinned)
        if number < 2:
            rollup.close(workspace)
        if number < 1:
            rollup.post(workspace)
    rows.admit(workspace, hold=70)
    rows.admit(workspace, hold=5, stream=True)
    return workspace


@pytest.mark.django_db
def test_sound_money_has_no_findings() -> None:
    assert rows.findings(life()) == {}


@pytest.mark.django_db
def test_every_rule_looks_at_something() -> None:
    workspace = life()
    rows.settle(workspace, request_id=rows.settle(workspace), rev=1)
    ledger.post(
        workspace_id=workspace,
        kind=LedgerTransaction.Kind.REFUND,
        amount=-2_000_000,
        offset=LedgerEntry.Account.CLEARING,
        idem_key="crossing",
    )
    with connection.cursor() as cursor:
        for invariant in (*BOOKS, *FUNDS, *USAGE):
            assert check(cursor, invariant, Scope(workspace)).compared > 0, invariant.name
        assert recomputed.check(cursor, workspace_id=workspace).compared == 10


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("column", "rule", "subject"),
    [
        ("posted", "I1", "posted"),
        ("seq", "I2", "last entry"),
        ("unbilled", "I4", "unbilled"),
        ("held", "I5", "held"),
        ("open_streams", "I5", "open streams"),
    ],
)
def test_an_account_that_is_off_by_one_is_found(column: str, rule: str, subject: str) -> None:
    workspace = life()
    rows.run(f"UPDATE billing_account SET {column} = {column} + 1 WHERE workspace_id = %s", workspace)
    found = rows.findings(workspace)
    assert rule in found
    assert set(found) <= {rule, "I9", "L3"}
    assert [row[1] for row in found[rule]] == [subject]


@pytest.mark.django_db
def test_a_workspace_without_an_account_is_found() -> None:
    workspace = rows.workspace()
    rows.run("DELETE FROM billing_account WHERE workspace_id = %s", workspace)
    assert rows.findings(workspace) == {"I1": [(None, "posted", "0", None)]}


@pytest.mark.django_db
def test_an_event_that_took_a_posted_number_is_found() -> None:
    workspace = life()
    rows.settle(workspace, cost=11, charge_no=1, minute_no=MINUTE, status="failed")
    found = rows.findings(workspace)
    assert set(found) == {"I4", "I7", "I8 days", "I8 quarters", "Cost"}
    assert found["I7"] == [(DAY, "charge 1", "-40611", "-40600")]
    assert [row[0] for row in found["I8 days"]] == [DAY]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "rules"),
    [
        (
            "UPDATE billing_daily_usage SET cost = cost + 1 WHERE workspace_id = {} AND requests = 2",
            {"I8 days", "I9"},
        ),
        ("UPDATE billing_daily_usage SET images = 1 WHERE workspace_id = {} AND requests = 2", {"I8 days"}),
        ("DELETE FROM billing_daily_usage WHERE workspace_id = {} AND requests = 2", {"I8 days", "I9"}),
        (
            "UPDATE billing_usage_bucket SET failed = 5 WHERE workspace_id = {} AND requests = 2",
            {"I8 quarters"},
        ),
        (
            "UPDATE billing_usage_bucket SET starts_at = starts_at + interval '15 min' WHERE workspace_id = {}",
            {"I8 quarters"},
        ),
    ],
)
def test_a_sum_that_is_not_its_events_is_found(change: str, rules: set[str]) -> None:
    workspace = life()
    rows.run(change.format(workspace))
    assert set(rows.findings(workspace)) == rules


@pytest.mark.django_db
def test_a_lease_beside_its_event_is_found() -> None:
    workspace = rows.workspace()
    request = rows.settle(workspace, status="failed")
    rows.admit(workspace, request_id=request, minute_no=MINUTE)
    assert rows.findings(workspace) == {"I6": [(DAY, f"open request {request}", "", "has an event ")]}


@pytest.mark.django_db
def test_a_lease_that_nobody_ended_is_found() -> None:
    workspace = rows.workspace()
    long_ago = clock.now() - datetime.timedelta(minutes=10)
    request = rows.admit(workspace, minute_no=MINUTE, admitted_at=long_ago)
    worker = ids.request_id()
    kept = rows.admit(workspace, admitted_at=long_ago, worker_id=worker)
    rows.run("INSERT INTO billing_worker VALUES (%s, 'here', 1, now(), now())", worker)
    assert rows.findings(workspace) == {"I6": [(DAY, f"open request {request}", "", "has no worker")]}
    rows.run(
        "UPDATE billing_worker SET heartbeat_at = now() - interval '10 min' WHERE worker_id = %s", worker
    )
    assert {row[1] for row in rows.findings(workspace)["I6"]} == {
        f"open request {made}" for made in (request, kept)
    }


@pytest.mark.django_db
def test_a_correction_of_nothing_is_found() -> None:
    workspace = rows.workspace()
    rows.settle(workspace, rev=1, minute_no=MINUTE)
    [(day, subject, _, found)] = rows.findings(workspace)["I6"]
    assert (day, found) == (DAY, "has no event")
    assert subject.startswith("correction ")  # type: ignore[attr-defined]


@pytest.mark.django_db
def test_a_charge_without_events_is_found() -> None:
    workspace = rows.workspace()
    rows.run("UPDATE billing_account SET charge_no = 2 WHERE workspace_id = %s", workspace)
    with connection.cursor() as cursor:
        ledger.charge(cursor, workspace_id=workspace, charge_no=1, costs={DAY: 9}, actor="celery")
    found = rows.findings(workspace)
    assert found["I7"] == [(DAY, "charge 1", None, "-9")]


@pytest.mark.django_db
@pytest.mark.parametrize("legs", [(), (("promotion", 5),)])
def test_a_transaction_without_balanced_legs_is_found(legs: tuple[tuple[str, int], ...]) -> None:
    workspace, made = rows.workspace(), ids.request_id()
    with transaction.atomic():
        rows.run(
            "INSERT INTO billing_ledger_transaction (id, workspace_id, kind, idem_key, day)"
            " VALUES (%s, %s, 'grant', 'k', %s)",
            *(made, workspace, DAY),
        )
        for account, amount in legs:
            rows.run(
                "INSERT INTO billing_ledger_entry (id, transaction_id, workspace_id, account, amount)"
                " VALUES (%s, %s, %s, %s, %s)",
                *(ids.request_id(), made, workspace, account, amount),
            )
        found = rows.findings(workspace)
        transaction.set_rollback(True)  # the database would refuse to commit this
    assert found == {"I3": [(DAY, f"grant transaction {made}", "0", None)]}


@pytest.mark.django_db
def test_the_last_days_of_sound_money_have_no_findings_either() -> None:
    for workspace in (rows.workspace(), lives.past()):
        with connection.cursor() as cursor:
            outcomes = [
                check(cursor, rule, Scope(workspace, since=lives.day_before(2))) for rule in INVARIANTS
            ]
        assert [outcome for outcome in outcomes if outcome.broken] == []
