"""Ledger: one writer, each movement once, two legs that sum to zero, nothing ever changed."""

import datetime
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction

from billing import ledger
from billing.credits.lots import Credit, Source
from billing.models import CreditLot, CreditMovement, LedgerEntry, LedgerTransaction
from kernel import ids
from tests.billing import rows

USD = 1_000_000_000
TOP_UP, ADJUSTMENT = LedgerTransaction.Kind.TOP_UP, LedgerTransaction.Kind.ADJUSTMENT
CLEARING, PROMOTION = LedgerEntry.Account.CLEARING, LedgerEntry.Account.PROMOTION
DAY = datetime.date(2026, 11, 21)


def top_up(workspace: int, amount: int = USD, key: str = "stripe:1", offset: str = CLEARING) -> UUID:
    return ledger.post(
        workspace_id=workspace,
        kind=TOP_UP,
        amount=amount,
        offset=LedgerEntry.Account(offset),
        idem_key=key,
        day=DAY,
    )


def legs(workspace: int) -> list[tuple[object, ...]]:
    found = LedgerEntry.objects.filter(workspace_id=workspace).order_by("seq", "amount")
    return list(found.values_list("account", "seq", "amount", "balance_after"))


@pytest.mark.django_db
def test_a_movement_reaches_both_sides_and_the_account() -> None:
    workspace = rows.workspace()
    top_up(workspace)
    assert legs(workspace) == [("workspace", 1, USD, USD), ("clearing", None, -USD, None)]
    assert {"posted": USD, "seq": 1}.items() <= rows.account(workspace).items()
    assert LedgerTransaction.objects.get(workspace_id=workspace).day == DAY


@pytest.mark.django_db
def test_a_repeat_returns_the_first_and_moves_nothing() -> None:
    workspace = rows.workspace()
    assert top_up(workspace) == top_up(workspace)
    assert rows.account(workspace)["posted"] == USD
    assert len(legs(workspace)) == 2


@pytest.mark.django_db
def test_a_repeat_is_held_to_the_movement_of_its_own_key() -> None:
    workspace = rows.workspace()

    def post_all() -> list[UUID]:
        offsets = (CLEARING, PROMOTION, CLEARING, PROMOTION)
        return [
            top_up(workspace, amount=amount, key=str(amount), offset=offset)
            for amount, offset in enumerate(offsets, 1)
        ]

    assert post_all() == post_all()


@pytest.mark.django_db
def test_the_same_key_is_free_in_another_workspace() -> None:
    one, other = rows.workspace(), rows.workspace()
    assert top_up(one) != top_up(other)
    assert rows.account(other)["posted"] == USD


@pytest.mark.django_db
@pytest.mark.parametrize(
    "other",
    [
        {"amount": 2 * USD},
        {"kind": LedgerTransaction.Kind.GRANT},
        {"offset": PROMOTION},
    ],
)
def test_a_key_that_names_another_movement_is_a_conflict(other: dict[str, object]) -> None:
    workspace = rows.workspace()
    first = {"workspace_id": workspace, "kind": TOP_UP, "amount": USD, "offset": CLEARING, "idem_key": "k"}
    ledger.post(**first)  # type: ignore[arg-type]
    with pytest.raises(ledger.Conflict, match="idem_key 'k' names a topup"):
        ledger.post(**(first | other))  # type: ignore[arg-type]
    assert rows.account(workspace)["posted"] == USD


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"amount": 0}, "amount: a movement of nothing"),
        ({"amount": -1, "credit": Credit(Source.GRANT)}, "credit"),
        ({"kind": LedgerTransaction.Kind.USAGE}, "kind"),
        ({"offset": LedgerEntry.Account.WORKSPACE}, "offset"),
        ({"idem_key": ""}, "idem_key"),
        ({"kind": ADJUSTMENT}, "reason"),
    ],
)
def test_a_movement_without_sense_is_refused_by_name(wrong: dict[str, object], says: str) -> None:
    workspace = rows.workspace()
    sound = {"workspace_id": workspace, "kind": TOP_UP, "amount": USD, "offset": CLEARING, "idem_key": "k"}
    with pytest.raises(ValueError, match=f"^{says}"):
        ledger.post(**(sound | wrong))  # type: ignore[arg-type]


@pytest.mark.django_db
def test_a_workspace_without_account_takes_no_money() -> None:
    with pytest.raises(LookupError):
        top_up(-1)
    assert not LedgerTransaction.objects.filter(workspace_id=-1).exists()


@pytest.mark.django_db
def test_a_reversal_undoes_once_and_names_its_original() -> None:
    workspace = rows.workspace()
    first = ledger.post(workspace_id=workspace, kind=TOP_UP, amount=USD, offset=CLEARING, idem_key="k")
    undone = ledger.reverse(workspace_id=workspace, transaction_id=first, reason="wrong customer")
    again = ledger.reverse(workspace_id=workspace, transaction_id=first, reason="wrong customer")
    assert undone == again
    assert rows.account(workspace)["posted"] == 0
    assert LedgerTransaction.objects.get(id=undone).idem_key == f"r:{first}"
    with pytest.raises(ValueError, match="not reversed"):
        ledger.reverse(workspace_id=workspace, transaction_id=undone, reason="again")


@pytest.mark.django_db
def test_a_foreign_transaction_cannot_be_reversed() -> None:
    one, other = rows.workspace(), rows.workspace()
    first = ledger.post(workspace_id=one, kind=TOP_UP, amount=USD, offset=CLEARING, idem_key="k")
    with pytest.raises(LookupError):
        ledger.reverse(workspace_id=other, transaction_id=first, reason="not mine")


@pytest.mark.django_db
def test_a_charge_is_laid_over_its_days_in_order() -> None:
    workspace = rows.workspace()
    top_up(workspace)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE billing_account SET charge_no = 2, unbilled = 60 WHERE workspace_id = %s", [workspace]
        )
        costs = {DAY + datetime.timedelta(days=n): cost for n, cost in ((2, 30), (0, 10), (3, 0), (1, 20))}
        made = ledger.charge(cursor, workspace_id=workspace, charge_no=1, costs=costs, actor="celery")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert made == 3
    own = [leg for leg in legs(workspace) if leg[0] == "workspace"]
    assert [leg[1:] for leg in own] == [
        (1, USD, USD),
        (2, -10, USD - 10),
        (3, -20, USD - 30),
        (4, -30, USD - 60),
    ]
    days = LedgerTransaction.objects.filter(workspace_id=workspace, charge_no=1).order_by("day")
    assert [entry.idem_key for entry in days] == [f"u:{workspace}:1:2026-11-{day}" for day in (21, 22, 23)]
    assert {"posted": USD - 60, "unbilled": 0, "seq": 4, "charged_no": 1}.items() <= rows.account(
        workspace
    ).items()
    taken = CreditMovement.objects.filter(transaction_id__in=[entry.pk for entry in days])
    paid = dict(taken.values_list("transaction_id", "amount"))
    assert [paid[entry.pk] for entry in days] == [-10, -20, -30]
    assert CreditLot.objects.get(workspace_id=workspace).remaining == USD - 60


@pytest.mark.django_db
@pytest.mark.parametrize("costs", [{DAY: 10}, {DAY: 0}, {}])
def test_a_charge_number_is_posted_once(costs: dict[datetime.date, int]) -> None:
    workspace = rows.workspace()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE billing_account SET charge_no = 3 WHERE workspace_id = %s", [workspace])
        ledger.charge(cursor, workspace_id=workspace, charge_no=1, costs=costs, actor="celery")
        before = rows.account(workspace)
        with pytest.raises(ledger.Charged), transaction.atomic():
            ledger.charge(cursor, workspace_id=workspace, charge_no=1, costs=costs, actor="celery")
    assert rows.account(workspace) == before


@pytest.mark.django_db
def test_a_charge_whose_key_another_movement_has_is_not_posted() -> None:
    workspace = rows.workspace()
    top_up(workspace, key=f"u:{workspace}:1:{DAY}")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE billing_account SET charge_no = 2 WHERE workspace_id = %s", [workspace])
        before = rows.account(workspace)
        with pytest.raises(ledger.Charged), transaction.atomic():
            ledger.charge(cursor, workspace_id=workspace, charge_no=1, costs={DAY: 5}, actor="celery")
    assert rows.account(workspace) == before


@pytest.mark.django_db
def test_a_charge_number_cannot_be_jumped_over() -> None:
    workspace = rows.workspace()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE billing_account SET charge_no = 3 WHERE workspace_id = %s", [workspace])
        with pytest.raises(ledger.Charged), transaction.atomic():
            ledger.charge(cursor, workspace_id=workspace, charge_no=2, costs={DAY: 5}, actor="celery")
    assert rows.account(workspace)["charged_no"] == 0


@pytest.mark.django_db
def test_a_reversal_takes_the_very_lot_its_original_brought() -> None:
    workspace = rows.workspace()
    top_up(workspace, amount=USD, key="older")
    nano = top_up(workspace, amount=1, key="nano")
    ledger.reverse(workspace_id=workspace, transaction_id=nano, reason="wrong customer")
    left = CreditLot.objects.filter(workspace_id=workspace).values_list("amount", "remaining")
    assert set(left) == {(USD, USD), (1, 0)}


@pytest.mark.django_db
def test_a_key_of_a_transaction_without_two_legs_is_no_repeat() -> None:
    workspace = rows.workspace()
    raw(workspace, 5, -5)
    key = LedgerTransaction.objects.get(workspace_id=workspace).idem_key
    with pytest.raises(LookupError, match="without two legs"):
        top_up(workspace, key=key)


@pytest.mark.django_db
def test_entries_are_the_workspaces_own_newest_first() -> None:
    workspace = rows.workspace()
    for amount in (1, 2, 3):
        top_up(workspace, amount=amount, key=str(amount))
    assert [(leg.amount, leg.balance_after) for leg in ledger.entries(workspace)] == [(3, 6), (2, 3), (1, 1)]


def raw(workspace: int, *amounts: int) -> None:
    """Write a transaction with these amounts on system accounts, past the ledger's own code."""
    made = ids.request_id()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO billing_ledger_transaction (id, workspace_id, kind, idem_key, day)"
            " VALUES (%s, %s, 'grant', %s, %s)",
            [made, workspace, str(made), DAY],
        )
        for amount in amounts:
            cursor.execute(
                "INSERT INTO billing_ledger_entry (id, transaction_id, workspace_id, account, amount)"
                " VALUES (%s, %s, %s, 'promotion', %s)",
                [ids.request_id(), made, workspace, amount],
            )
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.django_db
@pytest.mark.parametrize("amounts", [(), (5,), (0,), (5, -4), (5, -5, 1)])
def test_the_database_refuses_legs_that_do_not_balance(amounts: tuple[int, ...]) -> None:
    workspace = rows.workspace()
    with pytest.raises(DatabaseError, match="legs"):
        raw(workspace, *amounts)


@pytest.mark.django_db
def test_the_database_takes_legs_that_balance() -> None:
    workspace = rows.workspace()
    raw(workspace, 5, -3, -2)
    assert len(legs(workspace)) == 3


@pytest.mark.django_db
@pytest.mark.parametrize(("seq", "balance"), [(3, 2 * USD), (2, USD), (1, USD)])
def test_the_database_refuses_a_gap_or_a_break_in_the_chain(seq: int, balance: int) -> None:
    workspace = rows.workspace()
    made = top_up(workspace)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO billing_ledger_entry (id, transaction_id, workspace_id, account, seq, amount, balance_after)"
            " VALUES (%s, %s, %s, 'workspace', %s, %s, %s)",
            [ids.request_id(), made, workspace, seq, USD, balance],
        )


@pytest.mark.django_db
@pytest.mark.parametrize("table", ["ledger_transaction", "ledger_entry"])
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE billing_{} SET workspace_id = 0 WHERE workspace_id = {}",
        "DELETE FROM billing_{} WHERE workspace_id = {}",
        "TRUNCATE billing_{} CASCADE",
    ],
)
def test_the_database_refuses_to_change_what_is_written(table: str, change: str) -> None:
    workspace = rows.workspace()
    top_up(workspace)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            cursor.execute(change.format(table, workspace))


@pytest.mark.usefixtures("committed")
def test_posts_at_the_same_time_make_one_chain_and_repeats_one_movement() -> None:
    workspace = rows.workspace()

    def work(number: int) -> UUID:
        try:
            return top_up(workspace, amount=number // 2 + 1, key=f"k{number // 2}")
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(work, range(40)))
    own = [leg for leg in legs(workspace) if leg[0] == "workspace"]
    assert len(set(made)) == 20
    assert [leg[1] for leg in own] == list(range(1, 21))
    assert rows.account(workspace)["posted"] == own[-1][3] == sum(range(1, 21))
