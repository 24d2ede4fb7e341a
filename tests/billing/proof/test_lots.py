"""Rules of credit: what they look at in a scope, what may stand where credit ends, and what they say of what is wrong."""

import datetime

import pytest
from django.db import connection

from billing import ledger
from billing.credits import withholding
from billing.credits.lots import Credit, Source
from billing.models import KeyBudget
from billing.proof.lots import LOTS
from billing.proof.rules import Scope
from kernel import clock, ids
from tests.billing import rows
from tests.billing.proof import lives
from tests.billing.proof.lives import day_before, told

pytestmark = pytest.mark.django_db

TODAY = day_before(0)


def give(workspace: int, amount: int, *, days: int) -> None:
    """Grant credit that ends so many days from today."""
    ledger.post(
        workspace_id=workspace,
        kind=ledger.Kind.GRANT,
        amount=amount,
        offset=ledger.System.PROMOTION,
        idem_key=f"{amount} for {days}",
        credit=Credit(Source.GRANT, TODAY + datetime.timedelta(days=days)),
    )


def use(workspace: int, cost: int) -> None:
    lives.settle_on(workspace, TODAY, minute=0, cost=cost)
    lives.charge(workspace)


def rich() -> int:
    """Top-ups of which one found a debt, grants of which one is spent and one nearly, and money of another year."""
    workspace = rows.workspace()
    rows.fund(workspace, 50)
    lives.of_long_ago(workspace)
    use(workspace, 57)
    use(workspace, 5)
    rows.fund(workspace, 100)
    for amount, days in ((4, 1), (6, 2), (20, 3), (30, 3)):
        give(workspace, amount, days=days)
    use(workspace, 9)
    rows.fund(workspace, 1)
    return workspace


def only(workspace: int, scope: Scope | None = None) -> dict[str, list[tuple[object, ...]]]:
    found = told(LOTS, scope or Scope(workspace))
    return {
        name: [row[1:] for row in wrong if row[0] == workspace] for name, (_, wrong) in found.items() if wrong
    }


def looked_at(scope: Scope) -> list[int]:
    found = told(LOTS, scope)
    assert [wrong for _, wrong in found.values() if wrong] == []
    return [number for number, _ in found.values()]


def test_what_is_looked_at_is_of_the_scope() -> None:
    before = [looked_at(Scope(since=since)) for since in (None, day_before(2))]
    workspace = rich()
    assert looked_at(Scope(workspace)) == [10, 7 + 7, 2, 3, 0]
    assert looked_at(Scope(workspace, since=day_before(2))) == [9, 5 + 6, 2, 3, 0]
    rich()
    after = [looked_at(Scope(since=since)) for since in (None, day_before(2))]
    assert [
        [new - old for new, old in zip(*both, strict=True)] for both in zip(after, before, strict=True)
    ] == [
        [20, 28, 4, 6, 0],
        [18, 22, 4, 6, 0],
    ]


def test_a_workspace_without_credit_is_right() -> None:
    workspace = rows.workspace()
    rich()
    assert only(workspace) == {}
    rows.run("DELETE FROM billing_purse WHERE workspace_id = %s", workspace)
    assert looked_at(Scope(workspace)) == [0, 0, 1, 3, 0]


def test_what_nothing_covers_yet_is_owed() -> None:
    workspace = rows.workspace()
    use(workspace, 7)
    use(workspace, 5)
    assert rows.account(workspace)["posted"] == -12
    assert looked_at(Scope(workspace)) == [2, 0, 2, 3, 0]


def test_a_movement_of_nothing_that_is_in_the_ledger_is_found() -> None:
    workspace, made = rich(), ids.request_id()
    lives.unguarded(
        "billing_credit_movement",
        "INSERT INTO billing_credit_movement (id, workspace_id, transaction_id, amount) VALUES (%s, %s, %s, -3)",
        *(ids.request_id(), workspace, made),
    )
    assert only(workspace) == {
        "L1": [(None, f" transaction {made}", None, "-3")],
        "L3": [(None, "uncovered", "0", "3")],
    }


def lot(workspace: int, amount: int) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM billing_credit_lot WHERE workspace_id = %s AND amount = %s", [workspace, amount]
        )
        [found] = cursor.fetchone() or (None,)
        return str(found)


def test_a_lot_without_what_brought_it_is_found() -> None:
    workspace = rich()
    made = lot(workspace, 30)
    lives.unguarded("billing_credit_movement", "DELETE FROM billing_credit_movement WHERE lot_id = %s", made)
    found = only(workspace)
    assert set(found) == {"L1", "L2"}
    assert found["L2"] == [
        (None, f"grant lot {made}", "0", "30"),
        (None, f"grant lot {made} brought", "0", "30"),
    ]


def test_credit_that_came_twice_is_found() -> None:
    workspace = rich()
    made = lot(workspace, 30)
    lives.unguarded(
        "billing_credit_movement",
        "INSERT INTO billing_credit_movement (id, workspace_id, transaction_id, lot_id, amount)"
        " SELECT %s, workspace_id, transaction_id, lot_id, 2 FROM billing_credit_movement WHERE lot_id = %s",
        *(ids.request_id(), made),
    )
    assert only(workspace)["L2"] == [
        (None, f"grant lot {made}", "32", "30"),
        (None, f"grant lot {made} brought", "32", "30"),
    ]


def account(workspace: int, **columns: int) -> dict[str, list[tuple[object, ...]]]:
    """Put figures into the account; return what is found of them."""
    for column, value in columns.items():
        rows.run(f"UPDATE billing_account SET {column} = %s WHERE workspace_id = %s", value, workspace)
    return {name: wrong for name, wrong in only(workspace).items() if name == "L4"}


def test_what_ends_next_is_known_to_the_account() -> None:
    workspace = rich()
    standing = rows.account(workspace)
    assert (standing["lapsing"], standing["lapse_minute"]) == (
        1,
        clock.minute_number(
            int(
                datetime.datetime.combine(
                    TODAY + datetime.timedelta(days=2), datetime.time(), datetime.UTC
                ).timestamp()
            )
        ),
    )
    assert account(workspace, lapsing=0) == {"L4": [(None, "lapsing", "1", "0")]}
    use(workspace, 1)
    assert (rows.account(workspace)["lapsing"], only(workspace)) == (50, {})
    assert account(workspace, lapsing=49) == {"L4": [(None, "lapsing", "50", "49")]}


def test_nothing_lapses_where_no_credit_ends() -> None:
    workspace = rows.workspace()
    rows.fund(workspace, 9)
    assert looked_at(Scope(workspace)) == [1, 2, 2, 3, 0]
    assert account(workspace, lapsing=1) == {"L4": [(None, "lapsing", "0", "1")]}


@pytest.mark.parametrize(("lapsing", "expected"), [(9, "10"), (10, None), (30, None), (60, None), (61, "10")])
def test_between_midnight_and_the_sweep_what_is_over_may_be_told_or_not(
    lapsing: int, expected: str | None
) -> None:
    workspace = rows.workspace()
    for amount, days in ((10, 1), (20, 2), (30, 2), (40, 3)):
        give(workspace, amount, days=days)
    lives.unguarded(
        "billing_credit_lot",
        "UPDATE billing_credit_lot SET expires_on = expires_on - 2 WHERE workspace_id = %s",
        workspace,
    )
    minute = rows.account(workspace)["lapse_minute"] - 2 * 1440
    found = account(workspace, lapsing=lapsing, lapse_minute=minute)
    assert found == ({"L4": [(None, "lapsing", expected, str(lapsing))]} if expected else {})


def test_without_spill_all_of_the_balance_is_withheld_and_no_credit() -> None:
    workspace = rows.workspace()
    give(workspace, 30, days=3)
    withholding.set_spill(workspace, enabled=False, actor="x")
    assert only(workspace) == {}
    rows.fund(workspace, 100)
    rows.fund(workspace, 1)
    assert (rows.account(workspace)["withheld"], only(workspace)) == (101, {})
    assert account(workspace, withheld=100) == {"L4": [(None, "withheld", "101", "100")]}


def test_under_a_ceiling_no_more_is_withheld_than_there_is() -> None:
    workspace = rows.workspace()
    rows.fund(workspace, 100)
    withholding.set_spill(workspace, enabled=True, monthly_ceiling=40, actor="x")
    assert (rows.account(workspace)["withheld"], only(workspace)) == (60, {})
    assert account(workspace, withheld=101) == {"L4": [(None, "withheld", "100", "101")]}


def budget(workspace: int, key: int, held: int) -> None:
    KeyBudget.objects.create(
        workspace_id=workspace,
        api_key_id=key,
        period=KeyBudget.Period.choices[0][0],
        limit_nano=10**9,
        window_day=0,
        held=held,
        changed_at=clock.now(),
    )


def test_a_budget_holds_what_its_own_requests_hold() -> None:
    workspace, other = rows.workspace(), rows.workspace()
    budget(workspace, 71, 12)
    budget(workspace, 72, 0)
    budget(other, 73, 4)
    for key, hold, budgeted in ((71, 5, True), (71, 7, True), (71, 9, False), (72, 3, False)):
        rows.admit(workspace, api_key_id=key, hold=hold, budgeted=budgeted)
    rows.admit(other, api_key_id=73, hold=4, budgeted=True)
    assert told(LOTS, Scope(workspace))["L5"] == (2, [])
    rows.admit(workspace, api_key_id=72, hold=2, budgeted=True)
    rows.admit(workspace, api_key_id=74, hold=6, budgeted=True)
    assert only(workspace)["L5"] == [(None, "key 72", "2", "0"), (None, "key 74", "6", None)]
