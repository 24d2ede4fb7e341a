"""The rule of credit: how far below nothing a workspace may be, by what its requests cost and what was taken from it."""

import pytest

from billing import ledger
from billing.proof import seals
from billing.proof.books import BOOKS
from billing.proof.funds import FUNDS
from billing.proof.rules import BEGINNING, Scope
from tests.billing import rows
from tests.billing.proof import lives
from tests.billing.proof.lives import day_before, told

pytestmark = pytest.mark.django_db

DEEP = 10**9


def move(workspace: int, kind: ledger.Kind, amount: int) -> None:
    ledger.post(
        workspace_id=workspace,
        kind=kind,
        amount=amount,
        offset=ledger.System.CLEARING if amount < 0 else ledger.System.PROMOTION,
        idem_key=f"{kind}:{amount}",
    )


def spent() -> int:
    """A workspace that spent more than it held on days of which three are sealed, one twice, and was paid some back."""
    workspace = rows.workspace()
    move(workspace, ledger.Kind.GRANT, 60)
    late = lives.settle_on(workspace, day_before(5), cost=50, hold=10)
    lives.settle_on(workspace, day_before(4), cost=30, hold=10)
    lives.settle_on(workspace, day_before(4), cost=4, hold=1, tag="another sum")
    lives.settle_on(workspace, day_before(3), minute=0, cost=3, hold=1)
    lives.settle_on(workspace, day_before(3), cost=1, hold=9)
    lives.charge(workspace)
    seals.seal(workspace, [day_before(5), day_before(4), day_before(3)])
    lives.settle_on(workspace, day_before(5), cost=5, rev=1, request_id=late)
    lives.charge(workspace)
    seals.seal(workspace, [day_before(5)])
    for amount in (7, 5):
        move(workspace, ledger.Kind.REFUND, -amount)
    return workspace


def least(workspace: int, complete_from: int | None = None) -> int:
    """Return below which figure what is available would be a finding."""
    first = day_before(complete_from) if complete_from else BEGINNING
    [(number, found)] = told(FUNDS, Scope(workspace, complete_from=first)).values()
    assert number == 1
    [(where, day, subject, expected, available)] = found
    assert (where, day, subject, available) == (workspace, None, "available", str(_available(workspace)))
    return int(str(expected))


def _available(workspace: int) -> int:
    account = rows.account(workspace)
    return account["posted"] - account["unbilled"] - account["held"] + account["overdraft_limit"]


@pytest.mark.parametrize("complete_from", [None, 5, 4, 3, 2])
def test_what_may_lack_is_what_cost_more_than_its_hold_and_what_was_taken(complete_from: int | None) -> None:
    workspace, _ = spent(), lives.past()
    rows.admit(workspace, hold=DEEP)
    assert least(workspace, complete_from) == -(45 + 23 + 2) - 12


def test_nothing_may_lack_where_nothing_was_used_or_taken() -> None:
    workspace, _ = rows.workspace(), spent()
    rows.admit(workspace, hold=1)
    assert least(workspace) == 0


def test_what_is_available_is_right_down_to_that() -> None:
    workspace = spent()
    rows.admit(workspace, hold=_available(workspace) + 82)
    assert _available(workspace) == -82
    assert told(FUNDS, Scope(workspace))["I10"] == (1, [])
    rows.admit(workspace, hold=1)
    assert least(workspace) == -82


def crossings(workspace: int) -> tuple[int, list[tuple[object, ...]]]:
    [rule] = [rule for rule in BOOKS if rule.name == "I12"]
    [(number, found)] = told([rule], Scope(workspace)).values()
    return number, [row[1:] for row in found]


def use(workspace: int, cost: int) -> None:
    lives.settle_on(workspace, day_before(1), cost=cost, hold=cost)
    lives.charge(workspace)


def test_a_charge_below_nothing_goes_as_far_as_what_is_available_may() -> None:
    workspace, _ = rows.workspace(), spent()
    rows.run("UPDATE billing_account SET overdraft_limit = 100 WHERE workspace_id = %s", workspace)
    move(workspace, ledger.Kind.GRANT, 60)
    move(workspace, ledger.Kind.REFUND, -7)
    lives.settle_on(workspace, day_before(1), cost=23, hold=3)
    use(workspace, DEEP)
    assert crossings(workspace) == (
        1,
        [(day_before(1), "usage entry 3", str(-100 - 20 - 7), str(60 - 7 - 23 - DEEP))],
    )


def test_only_the_step_below_nothing_is_looked_at() -> None:
    workspace, _ = rows.workspace(), spent()
    move(workspace, ledger.Kind.GRANT, 10)
    use(workspace, 10)
    assert crossings(workspace)[0] == 0
    use(workspace, 5)
    use(workspace, 3)
    assert crossings(workspace) == (1, [(day_before(1), "usage entry 3", "0", "-5")])


def test_a_refund_may_go_below_nothing() -> None:
    workspace = rows.workspace()
    move(workspace, ledger.Kind.GRANT, 1)
    move(workspace, ledger.Kind.REFUND, -2)
    assert crossings(workspace) == (1, [])
