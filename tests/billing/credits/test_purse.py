"""A purse: every movement of the ledger is split over lots, and the account says what they leave for requests."""

import datetime
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction

from billing import ledger, rollup
from billing.credits.lots import Credit, Source
from billing.models import CreditLot, CreditMovement, Purse
from kernel import clock
from tests.billing import rows

TODAY = clock.utc_day(clock.now())
TOMORROW = TODAY + datetime.timedelta(days=1)
Kind, System = ledger.Kind, ledger.System


def give(workspace: int, amount: int, credit: Credit | None = None, key: str = "") -> UUID:
    kind, offset = (Kind.GRANT, System.PROMOTION) if credit else (Kind.TOP_UP, System.CLEARING)
    return ledger.post(
        workspace_id=workspace,
        kind=kind,
        amount=amount,
        offset=offset,
        idem_key=key or f"give:{amount}:{credit}",
        credit=credit,
    )


def take(workspace: int, amount: int, lot_of: UUID | None = None) -> UUID:
    return ledger.post(
        workspace_id=workspace,
        kind=Kind.REFUND,
        amount=-amount,
        offset=System.CLEARING,
        idem_key=f"take:{amount}:{lot_of}",
        lot_of=lot_of,
    )


def use(workspace: int, cost: int, **columns: object) -> None:
    rows.settle(workspace, cost=cost, **columns)
    assert rollup.close(workspace)
    assert rollup.post(workspace) == 1


def left(workspace: int) -> list[tuple[str, int]]:
    found = CreditLot.objects.filter(workspace_id=workspace).order_by("created_at")
    return list(found.values_list("source", "remaining"))


def movements(workspace: int, transaction_id: UUID) -> list[int]:
    found = CreditMovement.objects.filter(workspace_id=workspace, transaction_id=transaction_id)
    return sorted(found.values_list("amount", flat=True))


PLAN = Credit(Source.PLAN, expires_on=TOMORROW)


@pytest.mark.django_db
def test_money_that_comes_in_is_a_lot_by_its_kind() -> None:
    workspace = rows.workspace()
    made = give(workspace, 100)
    lot = CreditLot.objects.get(workspace_id=workspace)
    assert (lot.source, lot.priority, lot.amount, lot.remaining, lot.expires_on) == (
        "topup",
        100,
        100,
        100,
        None,
    )
    assert movements(workspace, made) == [100]


@pytest.mark.django_db
def test_usage_is_paid_from_credits_first_and_then_from_the_balance() -> None:
    workspace = rows.workspace()
    give(workspace, 100)
    give(workspace, 30, PLAN)
    use(workspace, 50)
    assert left(workspace) == [("topup", 80), ("plan", 0)]


@pytest.mark.django_db
def test_usage_of_a_day_after_the_end_leaves_a_lot_alone() -> None:
    workspace = rows.workspace()
    give(workspace, 100)
    give(workspace, 30, Credit(Source.PLAN, expires_on=TODAY))
    use(workspace, 50)
    assert left(workspace) == [("topup", 50), ("plan", 30)]


@pytest.mark.django_db
def test_usage_of_the_day_before_is_paid_by_what_ended_since() -> None:
    workspace = rows.workspace()
    give(workspace, 30, Credit(Source.PLAN, expires_on=TODAY))
    use(workspace, 20, minute_no=clock.minute_number() - 1440)
    assert left(workspace) == [("plan", 10)]


@pytest.mark.django_db
def test_what_nothing_covers_is_paid_by_the_next_credit() -> None:
    workspace = rows.workspace()
    give(workspace, 10)
    use(workspace, 50)
    assert Purse.objects.get(workspace_id=workspace).uncovered == 40
    assert rows.account(workspace)["posted"] == -40
    made = give(workspace, 100, key="again")
    assert left(workspace) == [("topup", 0), ("topup", 60)]
    assert movements(workspace, made) == [-40, 40, 100]
    assert Purse.objects.get(workspace_id=workspace).uncovered == 0


@pytest.mark.django_db
def test_a_refund_is_taken_from_the_lot_of_its_payment() -> None:
    workspace = rows.workspace()
    give(workspace, 100)
    second = give(workspace, 60, key="second")
    take(workspace, 50, lot_of=second)
    assert left(workspace) == [("topup", 100), ("topup", 10)]


@pytest.mark.django_db
def test_a_reversed_payment_takes_back_its_own_lot() -> None:
    workspace = rows.workspace()
    give(workspace, 100)
    second = give(workspace, 60, key="second")
    ledger.reverse(workspace_id=workspace, transaction_id=second, reason="entered twice")
    assert left(workspace) == [("topup", 100), ("topup", 0)]


@pytest.mark.django_db
def test_a_correction_of_usage_comes_back_as_credit_without_an_end() -> None:
    workspace = rows.workspace()
    give(workspace, 100)
    request = rows.settle(workspace, cost=50)
    rollup.close(workspace)
    rollup.post(workspace)
    use(workspace, -20, request_id=request, rev=1)
    assert left(workspace) == [("topup", 50), ("correction", 20)]


@pytest.mark.django_db
def test_terms_of_credit_are_refused_for_what_goes_out() -> None:
    with pytest.raises(ValueError, match=r"^credit: "):
        ledger.post(
            workspace_id=rows.workspace(),
            kind=Kind.REFUND,
            amount=-1,
            offset=System.CLEARING,
            idem_key="x",
            credit=PLAN,
        )


@pytest.mark.django_db
def test_the_account_says_what_ends_next_and_when() -> None:
    workspace = rows.workspace()
    give(workspace, 30, PLAN)
    account = rows.account(workspace)
    days = (TOMORROW - datetime.date(1970, 1, 1)).days
    assert (account["lapsing"], account["lapse_minute"]) == (30, days * 1440)
    use(workspace, 10)
    assert rows.account(workspace)["lapsing"] == 20


@pytest.mark.usefixtures("committed")
def test_movements_at_once_neither_make_nor_lose_a_nano() -> None:
    workspace = rows.workspace()
    give(workspace, 1_000)

    def work(number: int) -> None:
        try:
            if number % 3:
                give(workspace, 100 + number, key=f"n{number}")
            else:
                take(workspace, 200 + number)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(30)))
    purse = Purse.objects.get(workspace_id=workspace)
    remaining = sum(amount for _, amount in left(workspace))
    assert remaining - purse.uncovered == rows.account(workspace)["posted"]
    assert purse.uncovered == 0 or remaining == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE billing_credit_lot SET amount = amount + 1 WHERE workspace_id = %s",
        "UPDATE billing_credit_lot SET expires_on = '2030-01-01' WHERE workspace_id = %s",
        "UPDATE billing_credit_lot SET remaining = amount + 1 WHERE workspace_id = %s",
        "UPDATE billing_credit_lot SET remaining = -1 WHERE workspace_id = %s",
        "DELETE FROM billing_credit_lot WHERE workspace_id = %s",
        "UPDATE billing_credit_movement SET amount = 1 WHERE workspace_id = %s",
        "DELETE FROM billing_credit_movement WHERE workspace_id = %s",
    ],
)
def test_the_database_refuses_to_rewrite_where_credit_went(statement: str) -> None:
    workspace = rows.workspace()
    give(workspace, 100)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, [workspace])


@pytest.mark.django_db
def test_the_last_nano_of_a_lot_is_there_to_be_spent() -> None:
    workspace = rows.workspace()
    give(workspace, 1)
    use(workspace, 1)
    assert left(workspace) == [("topup", 0)]
    assert Purse.objects.get(workspace_id=workspace).uncovered == 0
