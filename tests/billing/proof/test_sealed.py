"""Rules of the seals: what they look at in a scope, and which change under a seal is told how."""

import pytest

from billing.proof import seals
from billing.proof.rules import BEGINNING, Scope
from billing.proof.sealed import SEALED
from tests.billing import rows
from tests.billing.proof import lives
from tests.billing.proof.lives import day_before, told

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("since", "complete_from", "requests", "chained", "overdue"),
    [
        (None, None, 4, 4, 1),
        (5, None, 4, 4, 1),
        (4, None, 3, 3, 0),
        (None, 3, 2, 4, 1),
        (4, 3, 2, 3, 0),
    ],
)
def test_what_is_looked_at_is_of_the_scope(
    since: int | None, complete_from: int | None, requests: int, chained: int, overdue: int
) -> None:
    lives.past()
    workspace = lives.past()
    first = day_before(complete_from) if complete_from else BEGINNING
    assert told(SEALED, Scope(workspace, day_before(since) if since else None, first)) == {
        "I13": (requests + chained + overdue, []),
        "I14": (chained, []),
    }


def test_a_seal_covers_the_charge_it_was_made_after() -> None:
    workspace = rows.workspace()
    rows.fund(workspace, 9)
    lives.settle_on(workspace, day_before(2), cost=1)
    lives.charge(workspace)
    seals.seal(workspace, [day_before(2)])
    assert told(SEALED, Scope(workspace)) == {"I13": (2, []), "I14": (1, [])}


def test_without_any_seal_none_is_missed() -> None:
    lives.past()
    assert told(SEALED, Scope(lives.past(sealed=False))) == {"I13": (0, []), "I14": (0, [])}


def test_a_day_whose_seal_is_missing_is_found() -> None:
    lives.past()
    workspace = lives.past()
    lives.unguarded(
        "billing_day_seal", "DELETE FROM billing_day_seal WHERE workspace_id = %s AND no = 1", workspace
    )
    found = told(SEALED, Scope(workspace))["I13"][1]
    assert (workspace, day_before(5), "seal of the day", "sealed", "not sealed") in found


def test_requests_that_vanished_from_under_a_seal_are_found() -> None:
    workspace = lives.past()
    lives.unguarded(
        "billing_usage_event",
        "DELETE FROM billing_usage_event WHERE workspace_id = %s AND minute_no / 1440 = %s - DATE '1970-01-01'",
        *(workspace, day_before(4)),
    )
    [(where, day, subject, expected, found)] = told(SEALED, Scope(workspace))["I13"][1]
    assert (where, day, subject, found) == (workspace, day_before(4), "requests under seal 2", "0: ")
    assert str(expected).startswith("4: ")


def test_an_entry_that_changed_is_found_under_the_first_seal_that_covers_it_and_no_other() -> None:
    workspace = rows.workspace()
    rows.fund(workspace, 90)
    for days in (5, 4):
        lives.settle_on(workspace, day_before(days), cost=1)
        lives.charge(workspace)
        rows.fund(workspace, 7)
        assert seals.seal(workspace, [day_before(days)]) == 1
    assert told(SEALED, Scope(workspace))["I14"] == (2, [])
    for seq in (1, 5):
        lives.unguarded(
            "billing_ledger_entry",
            "UPDATE billing_ledger_entry SET amount = amount + 1 WHERE workspace_id = %s AND seq = %s",
            *(workspace, seq),
        )
    assert [row[1:3] for row in told(SEALED, Scope(workspace))["I14"][1]] == [
        (day_before(5), "entries 1 to 3 under seal 1"),
        (day_before(4), "entries 4 to 5 under seal 2"),
    ]
