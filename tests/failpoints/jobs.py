"""The jobs that die: what each finds, what it does, and what must be true once it was done again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.test import Client

from billing import leases, ledger, sweeps
from billing.credits import expiry, withholding
from billing.credits.lots import Credit, Source
from billing.models import CreditLot, DaySeal, LedgerTransaction, Purse
from billing.proof import seals
from billing.subscriptions import granting
from kernel import clock
from tests.billing import rows
from tests.billing.payments.till import SECRET, signature
from tests.billing.proof import lives
from tests.billing.subscriptions import rows as plans

__all__ = ["JOBS", "Job", "Told", "deliver"]

Told = dict[str, Any]
FUNDS, REQUESTS, HOLD = 10**9, 3, 50


@dataclass(frozen=True, slots=True)
class Job:
    """One kind of work. `prepared` leaves it something to do, `does` it, and `wrong` says what is not as it must be."""

    name: str
    points: Sequence[str]
    prepared: Callable[[], Told]
    does: Callable[..., None]
    wrong: Callable[..., object]

    @property
    def role(self) -> str:
        """Module and function, for a forked process."""
        return f"{self.does.__module__}:{self.does.__name__}"

    def done_again(self, told: Told) -> object:
        """Do it once more, here, and return what is not as it must be, or why that failed; nothing if all is well."""
        try:
            self.does(**told)
        except (DatabaseError, SystemExit) as error:
            return error
        return self.wrong(**told)


def _used() -> Told:
    workspace, columns = rows.workspace(), lives.priced()
    rows.fund(workspace, FUNDS)
    for _ in range(REQUESTS):
        rows.settle(workspace, **columns)
    return {"workspace": workspace, "cost": REQUESTS * columns["cost"]}


def charge(*, workspace: int, cost: int) -> None:
    """Charge what was used."""
    sweeps.charge([workspace], actor="test", seconds=20)


def _charged(*, workspace: int, cost: int) -> object:
    account = rows.account(workspace)
    made = LedgerTransaction.objects.filter(workspace_id=workspace, kind="usage").count()
    found = (account["posted"], account["unbilled"], account["charge_no"] - account["charged_no"], made)
    return found != (FUNDS - cost, 0, 1, 1) and found


def _open() -> Told:
    return {"workspace": rows.workspace()}


def move(*, workspace: int) -> None:
    """Give credit by hand."""
    ledger.post(
        workspace_id=workspace,
        kind=ledger.Kind.GRANT,
        amount=FUNDS,
        offset=ledger.System.PROMOTION,
        idem_key="once",
        reason="test",
    )


def _moved(*, workspace: int) -> object:
    made = LedgerTransaction.objects.filter(workspace_id=workspace).count()
    found = (rows.account(workspace)["posted"], made)
    return found != (FUNDS, 1) and found


def _over() -> Told:
    workspace = rows.workspace()
    rows.fund(workspace, FUNDS)
    lives.settle_on(workspace, lives.day_before(3), **lives.priced())
    lives.charge(workspace)
    return {"workspace": workspace, "day": str(lives.day_before(3))}


def seal(*, workspace: int, day: str) -> None:
    """Seal a day that is over."""
    seals.seal(workspace, [date.fromisoformat(day)])


def _sealed(*, workspace: int, day: str) -> object:
    found = [
        (str(row.day), row.revision, row.events) for row in DaySeal.objects.filter(workspace_id=workspace)
    ]
    return found != [(day, 0, 1)] and found


def _subscribed() -> Told:
    row = plans.subscriber(plans.terms(credits_usd=7), clock.utc_day(clock.now()))
    return {"workspace": row.workspace_id}


def grant(*, workspace: int) -> None:
    """Grant the credits of a period."""
    granting.grant_due(clock.now(), seconds=20)


def _granted(*, workspace: int) -> object:
    found = plans.grants(workspace)
    return found != [700] and found


def _lapsing() -> Told:
    workspace = rows.workspace()
    yesterday = clock.utc_day(clock.now()) - timedelta(days=1)
    ledger.post(
        workspace_id=workspace,
        kind=ledger.Kind.GRANT,
        amount=FUNDS,
        offset=ledger.System.PROMOTION,
        idem_key="ends",
        credit=Credit(Source.PLAN, expires_on=yesterday),
    )
    return {"workspace": workspace}


def lapse(*, workspace: int) -> None:
    """End credit whose day has come."""
    expiry.lapse(clock.now())


def _lapsed(*, workspace: int) -> object:
    made = LedgerTransaction.objects.filter(workspace_id=workspace, kind="expiry").count()
    left = list(CreditLot.objects.filter(workspace_id=workspace).values_list("remaining", flat=True))
    found = (rows.account(workspace)["posted"], made, left)
    return found != (0, 1, [0]) and found


def _spilled() -> Told:
    workspace = rows.workspace()
    rows.fund(workspace, 100)
    withholding.set_spill(workspace, enabled=True, monthly_ceiling=40, actor="test")
    Purse.objects.filter(workspace_id=workspace).update(spilled=40, spill_month=date(2026, 1, 1))
    rows.run("UPDATE billing_account SET withheld = 100 WHERE workspace_id = %s", workspace)
    return {"workspace": workspace}


def renew(*, workspace: int) -> None:
    """Open the balance for a new month."""
    withholding.renew(clock.now())


def _renewed(*, workspace: int) -> object:
    found = (rows.account(workspace)["withheld"], Purse.objects.get(workspace_id=workspace).spilled)
    return found != (60, 0) and found


def _left_open() -> Told:
    workspace, columns = rows.workspace(), lives.priced()
    rows.fund(workspace, FUNDS)
    priced = {"model_id": columns["model_id"], "price_version_id": columns["price_version_id"]}
    delivered = {"progress_input": 21, "progress_output": 10, "first_byte_at": clock.now()}
    rows.admit(workspace, hold=HOLD, stream=True, **priced, **delivered)
    rows.admit(workspace, hold=HOLD, **priced)
    return {"workspace": workspace, "cost": columns["cost"]}


def reap(*, workspace: int, cost: int) -> None:
    """End what a dead worker left open."""
    leases.reap(clock.now())


def _reaped(*, workspace: int, cost: int) -> object:
    account = rows.account(workspace)
    found = (
        *(account[name] for name in ("held", "open_streams", "unbilled")),
        rows.count("billing_admission", workspace),
        rows.count("billing_usage_event", workspace),
    )
    return found != (0, 0, cost, 0, 2) and found


def deliver(*, body: str, stripe: str, **_: object) -> None:
    """Receive an event as a web process does that Stripe calls."""
    settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE = "sk_test_0123456789abcdef", stripe
    settings.STRIPE_WEBHOOK_SECRETS = [SECRET]
    answer = Client().post(
        "/webhooks/stripe",
        data=body,
        content_type="application/json",
        headers={"Stripe-Signature": signature(body)},
    )
    if answer.status_code != 200:
        raise SystemExit(answer.status_code % 256)


JOBS = (
    Job(
        "charge",
        (
            *("rollup.begun", "rollup.closed", "rollup.claimed", "rollup.folded"),
            *("charge.booked", "charge.paid", "charge.posted", "rollup.committed"),
        ),
        _used,
        charge,
        _charged,
    ),
    Job("move", ("move.booked", "move.posted", "move.released"), _open, move, _moved),
    Job("seal", ("seal.locked", "seal.read", "seal.written", "seal.committed"), _over, seal, _sealed),
    Job(
        "grant",
        ("grant.held", "grant.marked", "grant.settled", "grant.committed"),
        _subscribed,
        grant,
        _granted,
    ),
    Job("lapse", ("lapse.held", "lapse.posted", "lapse.committed"), _lapsing, lapse, _lapsed),
    Job(
        "renew", ("renew.opened", "renew.marked", "renew.told", "renew.committed"), _spilled, renew, _renewed
    ),
    Job("reap", ("reap.found", "reap.begun", "reap.written", "reap.committed"), _left_open, reap, _reaped),
)
