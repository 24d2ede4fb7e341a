"""The desk: what is asked for is moved once, by as many persons as its size takes, and never more than a request cost."""

import datetime
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction
from pytest_django import Settings

from billing.models import CreditLot, LedgerTransaction, Move
from billing.moves import desk
from kernel import clock, ids, postgres
from tests.billing import rows

USD = 10**9
ANNA, BEN = "anna@example.com", "ben@example.com"
GRANT, TOP_UP, ADJUSTMENT = Move.Kind.GRANT, Move.Kind.TOP_UP, Move.Kind.ADJUSTMENT


def ask(workspace: int, amount: int = USD, kind: Move.Kind = GRANT, **fields: object) -> Move:
    fields = {"by": ANNA, "reason": "a reason", "token": uuid4(), **fields}
    return desk.ask(workspace_id=workspace, kind=kind, amount=amount, **fields)  # type: ignore[arg-type]


def row_of(move: Move) -> LedgerTransaction:
    assert move.transaction_id is not None
    return LedgerTransaction.objects.get(pk=move.transaction_id)


def posted(workspace: int) -> int:
    return rows.account(workspace)["posted"]


@pytest.mark.django_db
def test_a_small_movement_is_posted_at_once_in_the_name_of_who_asked() -> None:
    workspace = rows.workspace()
    move = ask(workspace, 100 * USD)
    assert (move.status, move.decided_by, posted(workspace)) == ("posted", ANNA, 100 * USD)
    row = row_of(move)
    assert (row.kind, row.actor, row.reason) == ("grant", ANNA, "a reason")


@pytest.mark.django_db
def test_a_large_movement_waits_for_somebody_else() -> None:
    workspace, before = rows.workspace(), desk.waiting()
    move = ask(workspace, 100 * USD + 1)
    assert (move.status, posted(workspace), desk.waiting() - before) == ("asked", 0, 1)
    with pytest.raises(desk.NotAllowed, match="Somebody else"):
        desk.approve(move, by=ANNA)
    desk.approve(move, by=BEN, words="agreed")
    assert (move.status, move.decided_by, move.decision) == ("posted", BEN, "agreed")
    assert posted(workspace) == 100 * USD + 1
    assert row_of(move).actor == f"{ANNA}, {BEN}"


@pytest.mark.django_db
def test_what_takes_money_is_measured_by_its_size_too(settings: Settings) -> None:
    settings.MOVE_BY_TWO_USD = 5
    workspace = rows.workspace()
    assert ask(workspace, -6 * USD, ADJUSTMENT).status == "asked"
    assert ask(workspace, -5 * USD, ADJUSTMENT).status == "posted"


@pytest.mark.django_db
def test_the_same_form_asks_once() -> None:
    workspace, token = rows.workspace(), uuid4()
    assert ask(workspace, token=token).pk == ask(workspace, token=token).pk
    assert posted(workspace) == USD
    with pytest.raises(desk.NotAllowed, match="used for another"):
        ask(workspace, 2 * USD, token=token)


@pytest.mark.django_db
def test_what_is_decided_stays_decided() -> None:
    workspace = rows.workspace()
    move = ask(workspace, 200 * USD)
    with pytest.raises(desk.NotAllowed, match="Say why"):
        desk.decline(move, by=BEN, words=" ")
    desk.decline(move, by=BEN, words="not agreed")
    assert (move.status, posted(workspace)) == ("declined", 0)
    with pytest.raises(desk.NotAllowed, match="already"):
        desk.approve(move, by=BEN)
    with pytest.raises(desk.NotAllowed, match="already"):
        desk.decline(move, by=BEN, words="again")


@pytest.mark.django_db
def test_a_grant_ends_on_its_day() -> None:
    workspace = rows.workspace()
    end = clock.utc_day(clock.now()) + datetime.timedelta(days=30)
    ask(workspace, expires_on=end)
    assert CreditLot.objects.get(workspace_id=workspace).expires_on == end


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "said", "field"),
    [
        ({"reason": " "}, "Say why", "reason"),
        ({"amount": 0}, "other than zero", "amount"),
        ({"amount": desk.GREATEST + 1}, "at most 1,000,000 USD", "amount"),
        ({"amount": -1}, "Only an adjustment", "amount"),
        ({"kind": TOP_UP, "amount": -1}, "Only an adjustment", "amount"),
        ({"kind": TOP_UP, "expires_on": datetime.date(2100, 1, 1)}, "Only a grant ends", "expires_on"),
        ({"expires_on": datetime.date(2020, 1, 1)}, "a day to come", "expires_on"),
        ({"expires_on": clock.utc_day(clock.now())}, "a day to come", "expires_on"),
    ],
)
def test_what_cannot_be_moved_is_said(fields: dict[str, object], said: str, field: str) -> None:
    with pytest.raises(desk.NotAllowed, match=said) as refused:
        ask(rows.workspace(), **fields)  # type: ignore[arg-type]
    assert refused.value.field == field


@pytest.mark.django_db
def test_as_much_as_one_movement_may_is_asked_for() -> None:
    assert ask(rows.workspace(), desk.GREATEST).status == "asked"


def give_back(workspace: int, request: UUID, amount: int, token: UUID | None = None) -> Move:
    return desk.credit_request(
        workspace_id=workspace,
        request_id=request,
        amount=amount,
        reason="it was cut",
        by=ANNA,
        token=token or uuid4(),
    )


@pytest.mark.django_db
def test_what_a_request_cost_is_given_back_once() -> None:
    workspace = rows.workspace()
    request = rows.settle(workspace, cost=500)
    give_back(workspace, request, 300)
    assert desk.creditable(workspace, request) == 200
    with pytest.raises(desk.NotAllowed, match=r"At most \$0\.000000200"):
        give_back(workspace, request, 201)
    move = give_back(workspace, request, 200)
    assert posted(workspace) == 500
    assert str(request) in row_of(move).reason
    assert desk.creditable(workspace, request) == 0


@pytest.mark.django_db
def test_between_one_nano_and_all_of_what_a_request_cost_is_given_back() -> None:
    workspace = rows.workspace()
    request = rows.settle(workspace, cost=2)
    assert desk.creditable(workspace, request) == 2
    for amount in (-1, 0, 3):
        with pytest.raises(desk.NotAllowed, match="At most"):
            give_back(workspace, request, amount)
    assert [give_back(workspace, request, 1).status for _ in range(2)] == ["posted", "posted"]


@pytest.mark.django_db
def test_nothing_is_left_to_give_back_of_what_became_cheaper() -> None:
    workspace = rows.workspace()
    request = rows.settle(workspace, cost=500)
    give_back(workspace, request, 300)
    rows.settle(workspace, request_id=request, rev=1, cost=-400)
    assert desk.creditable(workspace, request) == 0
    assert desk.creditable(workspace, ids.request_id()) == 0


@pytest.mark.django_db
def test_what_became_cheaper_while_a_second_person_thought_is_not_given_back() -> None:
    workspace = rows.workspace()
    request = rows.settle(workspace, cost=500 * USD)
    move = give_back(workspace, request, 300 * USD)
    rows.settle(workspace, request_id=request, rev=1, cost=-400 * USD)
    with pytest.raises(desk.NotAllowed, match="cost less than what would be given back"):
        desk.approve(move, by=BEN)
    assert (Move.objects.get(pk=move.pk).status, posted(workspace)) == ("asked", 0)


@pytest.mark.django_db
def test_what_the_ledger_refuses_for_another_reason_is_no_advice() -> None:
    workspace = rows.workspace()
    move = ask(workspace, 200 * USD)
    rows.run("ALTER TABLE billing_ledger_transaction ADD CONSTRAINT closed CHECK (kind <> 'grant') NOT VALID")
    with pytest.raises(IntegrityError, match="closed"):
        desk.approve(move, by=BEN)


@pytest.mark.django_db
def test_a_request_of_another_workspace_is_not_given_back() -> None:
    request = rows.settle(rows.workspace(), cost=500)
    with pytest.raises(desk.NotAllowed):
        give_back(rows.workspace(), request, 1)


@pytest.mark.usefixtures("committed")
def test_two_at_once_give_back_no_more_than_it_cost() -> None:
    workspace = rows.workspace()
    request = rows.settle(workspace, cost=500)

    def work(_: int) -> bool:
        try:
            return give_back(workspace, request, 300).status == "posted"
        except desk.NotAllowed:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(8))) == 1
    assert posted(workspace) == 300


@pytest.mark.usefixtures("committed")
def test_a_movement_is_decided_when_nothing_else_moves_the_purse() -> None:
    workspace = rows.workspace()
    rows.fund(workspace, USD)
    move = ask(workspace, 200 * USD)
    with psycopg.connect(postgres.conninfo()) as apart, transaction.atomic():
        apart.execute("SELECT FROM billing_purse WHERE workspace_id = %s FOR UPDATE", [workspace])
        rows.run("SET LOCAL lock_timeout = '50ms'")
        with pytest.raises(OperationalError, match="lock timeout"):
            desk.decline(move, by=BEN, words="no")
    desk.decline(move, by=BEN, words="no")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE billing_move SET amount = amount + 1 WHERE workspace_id = %s",
        "UPDATE billing_move SET status = 'posted', decided_by = asked_by, decided_at = now(),"
        " transaction_id = id WHERE workspace_id = %s",
        "UPDATE billing_move SET status = 'posted', decided_by = 'x', decided_at = now() WHERE workspace_id = %s",
        "DELETE FROM billing_move WHERE workspace_id = %s",
    ],
)
def test_the_database_holds_who_decides_and_what(statement: str) -> None:
    workspace = rows.workspace()
    ask(workspace, 200 * USD)
    with pytest.raises((DatabaseError, IntegrityError)), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, [workspace])
