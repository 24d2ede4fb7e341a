"""The ledger machine: whatever happens in whatever order, the real ledger says what eighty lines of plain Python say."""

import datetime
import os
import time
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from billing import late, leases, ledger, rollup
from billing.credits import expiry, withholding
from billing.credits.lots import Credit, Source
from billing.models import LedgerEntry, LedgerTransaction
from billing.settlement import SETTLE, Settlement, parameters
from billing.taking import TAKE, take_parameters
from kernel import clock, ids
from tests.billing import rows
from tests.billing.model import TODAY, TOMORROW, YESTERDAY, Model
from tests.billing.test_admission import ask

RUNS = int(os.environ.get("LEDGER_RUNS", "25"))
STEPS = 50
Kind, System = ledger.Kind, ledger.System
AMOUNTS = st.integers(1, 1_000) | st.integers(1, 10**12)
DAYS = st.sampled_from([YESTERDAY, TODAY])
STANDS = """
SELECT posted, unbilled, held, withheld,
  (SELECT coalesce(sum(amount), 0) FROM billing_ledger_entry WHERE workspace_id = %(workspace)s AND account = 'workspace'),
  coalesce((SELECT uncovered FROM billing_purse WHERE workspace_id = %(workspace)s), 0),
  (SELECT coalesce(array_agg(remaining ORDER BY created_at, id), '{}') FROM billing_credit_lot
   WHERE workspace_id = %(workspace)s)
FROM billing_account WHERE workspace_id = %(workspace)s"""


def _let_midnight_pass() -> None:
    """Wait until no midnight comes within half a minute: a run takes a second, and its days must stay what they are."""
    now = clock.now()
    midnight = datetime.datetime.combine(now.date(), datetime.time(), datetime.UTC) + datetime.timedelta(
        days=1
    )
    left = (midnight - now).total_seconds()
    if left < 30:
        time.sleep(left + 1)


class LedgerMachine(RuleBasedStateMachine):
    """One workspace, in the database and in the model, moved by the same steps."""

    inflows: Bundle[UUID] = Bundle("inflows")
    outflows: Bundle[UUID] = Bundle("outflows")
    requests: Bundle[UUID] = Bundle("requests")
    reaped: Bundle[tuple[UUID, int]] = Bundle("reaped")

    def __init__(self) -> None:
        """Begin with an empty workspace, in a transaction that is rolled back at the end."""
        super().__init__()
        _let_midnight_pass()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.workspace = rows.workspace()
        self.today = clock.utc_day(clock.now())
        self.model = Model(counted=(TODAY,) if self.today.day == 1 else (YESTERDAY, TODAY))
        self.open: list[UUID] = []

    def teardown(self) -> None:
        """Leave nothing behind."""
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    def post(self, kind: LedgerTransaction.Kind, amount: int, **terms: Any) -> UUID:
        """Post a movement under a key of its own."""
        return ledger.post(
            workspace_id=self.workspace,
            kind=kind,
            amount=amount,
            offset=System.CLEARING,
            idem_key=str(ids.request_id()),
            reason="a step",
            **terms,
        )

    def run(self, statement: str, values: list[Any]) -> list[Any]:
        """Run one of the gateway's own statements."""
        raw: psycopg.Connection[Any] = connection.connection
        return psycopg.RawCursor(raw).execute(statement.encode(), values).fetchall()

    @rule(target=inflows, amount=AMOUNTS)
    def top_up(self, amount: int) -> UUID:
        made = self.post(Kind.TOP_UP, amount)
        self.model.give(made, amount, "topup", 100)
        return made

    @rule(
        target=inflows,
        amount=AMOUNTS,
        source=st.sampled_from([Source.PLAN, Source.GRANT]),
        ends=st.sampled_from([TODAY, TOMORROW, None]),
    )
    def grant(self, amount: int, source: Source, ends: int | None) -> UUID:
        day = None if ends is None else self.today + datetime.timedelta(days=ends)
        made = self.post(Kind.GRANT, amount, credit=Credit(source, day))
        self.model.give(made, amount, source.value, 10 if source is Source.PLAN else 50, ends)
        return made

    @rule(target=outflows, of=inflows, amount=AMOUNTS)
    def refund(self, of: UUID, amount: int) -> UUID:
        made = self.post(Kind.REFUND, -amount, lot_of=of)
        self.model.take(amount, TODAY, first=of)
        return made

    @rule(target=outflows, amount=AMOUNTS)
    def adjust_down(self, amount: int) -> UUID:
        made = self.post(Kind.ADJUSTMENT, -amount)
        self.model.take(amount, TODAY)
        return made

    @rule(amount=AMOUNTS)
    def adjust_up(self, amount: int) -> None:
        self.model.give(self.post(Kind.ADJUSTMENT, amount), amount, "correction", 100)

    @rule(of=consumes(inflows))
    def reverse_a_credit(self, of: UUID) -> None:
        amount = LedgerEntry.objects.get(transaction_id=of, account="workspace").amount
        ledger.reverse(workspace_id=self.workspace, transaction_id=of, reason="a step")
        self.model.take(amount, TODAY, first=of)

    @rule(of=consumes(outflows))
    def reverse_a_debit(self, of: UUID) -> None:
        amount = LedgerEntry.objects.get(transaction_id=of, account="workspace").amount
        made = ledger.reverse(workspace_id=self.workspace, transaction_id=of, reason="a step")
        self.model.give(made, -amount, "correction", 100)

    @rule(target=requests, hold=st.integers(0, 1_000) | AMOUNTS, day=DAYS)
    def admit(self, hold: int, day: int) -> Any:
        fits = hold == 0 or self.model.funds >= hold
        item = ask(workspace_id=self.workspace, hold=hold, minute_cap=None, hour_cap=None, day_cap=None)
        taken = self.run(TAKE, take_parameters([[item]], worker_id=ids.request_id()))
        assert bool(taken) == fits
        if not taken:
            return multiple()
        if day == YESTERDAY:  # as if midnight had come since
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE billing_admission SET minute_no = %s WHERE request_id = %s",
                    [(self.today - datetime.date(1970, 1, 1)).days * 1440 - 1, item.request_id],
                )
        self.model.open[item.request_id] = (hold, day)
        return item.request_id

    @rule(request=consumes(requests), cost=st.just(0) | AMOUNTS)
    def settle(self, request: UUID, cost: int) -> None:
        if request not in self.model.open:  # it was reaped
            return
        ended = Settlement(request, self.workspace, "ok", 200, "upstream", cost, "")
        assert self.run(SETTLE, parameters([ended])) == [(request,)]
        assert self.run(SETTLE, parameters([ended])) == []
        self.model.unposted.append((self.model.open.pop(request)[1], cost))

    @rule(target=reaped)
    def reap(self) -> Any:
        assert leases.reap(clock.now()) == len(self.model.open)
        ended = [(request, day) for request, (_, day) in self.model.open.items()]
        self.model.unposted += [(day, 0) for _, day in ended]
        self.model.open.clear()
        return multiple(*ended)

    @rule(lease=consumes(reaped), cost=AMOUNTS)
    def settle_late(self, lease: tuple[UUID, int], cost: int) -> None:
        request, day = lease
        ended = Settlement(request, self.workspace, "ok", 200, "upstream", cost, "")
        assert self.run(SETTLE, parameters([ended])) == []
        self.run(late.CORRECT, late.correction(ended))
        self.run(late.CORRECT, late.correction(ended))
        self.model.unposted.append((day, cost))

    @rule()
    def charge(self) -> None:
        rollup.close(self.workspace)
        rollup.post(self.workspace)
        rollup.post(self.workspace)
        self.model.post()

    @rule()
    def lapse(self) -> None:
        expiry.lapse(clock.now())
        self.model.lapse()

    @rule(spill=st.sampled_from([("off", None), ("on", None)]) | st.tuples(st.just("on"), AMOUNTS))
    def choose_spill(self, spill: tuple[str, int | None]) -> None:
        withholding.set_spill(
            self.workspace, enabled=spill[0] == "on", monthly_ceiling=spill[1], actor="a step"
        )
        self.model.spill = spill

    @invariant()
    def the_database_agrees(self) -> None:
        """Let the deferred guards look, then compare what is owed, held and left."""
        model = self.model
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
            cursor.execute(STANDS, {"workspace": self.workspace})
            posted, unbilled, held, withheld, entered, uncovered, lots = cursor.fetchone()
        assert (posted, entered) == (model.posted, model.posted)
        assert unbilled == sum(cost for _, cost in model.unposted)
        assert held == sum(hold for hold, _ in model.open.values())
        assert withheld == model.withheld
        assert lots == [lot["left"] for lot in model.lots]
        assert uncovered == model.uncovered


@pytest.mark.django_db
@pytest.mark.timeout(0)
def test_every_sequence_of_steps_comes_to_the_same_money() -> None:
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
