"""Rules between requests, their charges and their sums: what they look at in a scope, and what they say of what is wrong."""

import datetime

import pytest

from billing import ledger, sums
from billing.proof import seals
from billing.proof.rules import BEGINNING, Scope
from billing.proof.usage import USAGE
from kernel import ids
from tests.billing import rows
from tests.billing.proof import lives
from tests.billing.proof.lives import day_before, told

pytestmark = pytest.mark.django_db

SUMS = "(1,0,0,0,0,0,0,0,0,0,0,0,0,0,9,0)"
"""One request without counts that cost 9."""


def busy() -> int:
    """Usage of five charged days, and of which nothing is charged: corrections, a request of each of two days, two open."""
    workspace, columns = lives.past(), lives.priced()
    known = lives.settle_on(workspace, day_before(0), minute=0, **columns)
    unknown = lives.request_at(sums.first_minute(day_before(5)))
    for day, request in ((0, known), (5, unknown)):
        lives.settle_on(workspace, day_before(day), cost=-2, rev=1, request_id=request)
    lives.settle_on(workspace, day_before(3), minute=0, **columns)
    rows.admit(workspace, hold=70, stream=True)
    rows.admit(workspace, hold=5)
    return workspace


@pytest.mark.parametrize(
    ("since", "complete_from", "charges", "days", "quarters", "corrections"),
    [
        (None, None, 5, 10, 20, 2),
        (2, None, 2, 4, 8, 1),
        (3, None, 3, 6, 12, 1),
        (None, 3, 3 + 2, 6 + 2, 12, 2),
        (4, 3, 3 + 1, 6 + 1, 12, 2),
        (3, 3, 3, 6, 12, 1),
    ],
)
def test_what_is_looked_at_is_of_the_scope(
    since: int | None, complete_from: int | None, charges: int, days: int, quarters: int, corrections: int
) -> None:
    busy()
    workspace = busy()
    first = day_before(complete_from) if complete_from else BEGINNING
    found = told(USAGE, Scope(workspace, day_before(since) if since else None, first))
    assert {name: number for name, (number, _) in found.items()} == {
        "I4": 1,
        "I5": 2,
        "I6": 2 + corrections,
        "I7": charges,
        "I8 days": days,
        "I8 quarters": quarters,
        "I9": 1,
    }
    unknown = [(day, "has no event") for day in (day_before(5),) if corrections == 2]
    assert [(row[1], row[4]) for row in found.pop("I6")[1]] == unknown
    assert [outcome for outcome in found.values() if outcome[1]] == []


def only(workspace: int, scope: Scope | None = None) -> dict[str, list[tuple[object, ...]]]:
    """Return what is found in a workspace, by rule."""
    found = told(USAGE, scope or Scope(workspace))
    assert {row[0] for _, wrong in found.values() for row in wrong} <= {workspace}
    return {name: [row[1:] for row in wrong] for name, (_, wrong) in found.items() if wrong}


def charged_again(workspace: int, day: datetime.date, charge_no: int, amount: int) -> None:
    """Write a charge beside those that were posted, its leg on the workspace's account alone."""
    made = ids.request_id()
    lives.unguarded(
        "billing_ledger_transaction",
        "INSERT INTO billing_ledger_transaction (id, workspace_id, kind, idem_key, day, charge_no)"
        " VALUES (%s, %s, 'usage', %s, %s, %s)",
        *(made, workspace, f"again:{made}", day, charge_no),
    )
    if amount:
        lives.unguarded(
            "billing_ledger_entry",
            "INSERT INTO billing_ledger_entry (id, transaction_id, workspace_id, account, seq, amount, balance_after)"
            " VALUES (%s, %s, %s, 'workspace', %s, %s, 0)",
            *(ids.request_id(), made, workspace, charge_no + 100, amount),
        )


def posted(workspace: int) -> None:
    """Call what is settled posted, without a charge."""
    rows.run(
        "UPDATE billing_account SET charged_no = charge_no, charge_no = charge_no + 1 WHERE workspace_id = %s",
        workspace,
    )


@pytest.mark.parametrize("since", [None, day_before(2)])
def test_a_workspace_without_anything_is_right(since: datetime.date | None) -> None:
    busy()
    workspace = rows.workspace()
    assert only(workspace, Scope(workspace, since)) == {}


def test_usage_without_an_account_is_found() -> None:
    workspace = rows.workspace()
    lives.settle_on(workspace, day_before(1), cost=7)
    rows.admit(workspace, hold=3, stream=True)
    rows.run("DELETE FROM billing_account WHERE workspace_id = %s", workspace)
    assert only(workspace) == {
        "I4": [(None, "unbilled", "7", None)],
        "I5": [(None, "held", "3", None), (None, "open streams", "1", None)],
        "I9": [(None, "all usage", "7", None)],
    }


def test_a_request_that_is_open_elsewhere_and_done_here_is_no_finding() -> None:
    workspace, elsewhere = rows.workspace(), rows.workspace()
    request = lives.settle_on(elsewhere, day_before(0), minute=0)
    rows.admit(workspace, request_id=request)
    assert only(workspace) == {}


def test_a_worker_is_dead_when_its_last_beat_is_as_old_as_that() -> None:
    workspace, worker = rows.workspace(), ids.request_id()
    dead = Scope().values["dead"]
    beats = {"dead": ids.request_id(), "alive": ids.request_id()}
    for name, beat in beats.items():
        rows.run(
            "INSERT INTO billing_worker VALUES (%s, 'here', 1, now(), now() - make_interval(secs => %s))",
            *(beat, dead if name == "dead" else dead - 1),
        )
    leases = {
        name: rows.admit(workspace, worker_id=beats.get(name, worker)) for name in ("dead", "alive", "young")
    }
    for name, request in leases.items():
        rows.run(
            "UPDATE billing_admission SET admitted_at = now() - make_interval(secs => %s) WHERE request_id = %s",
            *(dead if name == "young" else dead + 1, request),
        )
    assert [row[1:] for row in only(workspace)["I6"]] == [
        (f"open request {leases['dead']}", "", "has no worker")
    ]


def test_a_number_that_is_charged_twice_is_found() -> None:
    workspace = lives.past(sealed=False)
    charged_again(workspace, day_before(2), 4, -1)
    assert only(workspace) == {"I7": [(day_before(2), "charge 4", "-164", "-165")]}


def test_a_posted_number_without_its_charge_is_found() -> None:
    workspace = rows.workspace()
    lives.settle_on(workspace, day_before(1), cost=9)
    posted(workspace)
    key = "key 1 model 1 provider 0 tag  at "
    midday = f"{day_before(1)} 11:30:00+00"
    assert only(workspace) == {
        "I4": [(None, "unbilled", "0", "9")],
        "I7": [(day_before(1), "charge 1", "-9", None)],
        "I8 days": [(day_before(1), f"{key}{day_before(1)}", SUMS, None)],
        "I8 quarters": [(day_before(1), f"{key}{midday}", SUMS, None)],
    }


def test_a_posted_number_that_cost_nothing_needs_no_charge() -> None:
    workspace = rows.workspace()
    lives.settle_on(workspace, day_before(1))
    lives.charge(workspace)
    assert told(USAGE, Scope(workspace))["I7"] == (1, [])


def test_a_charge_without_a_leg_is_looked_at_too() -> None:
    workspace = rows.workspace()
    charged_again(workspace, day_before(1), 1, 0)
    assert told(USAGE, Scope(workspace))["I7"] == (1, [])


def test_sums_without_events_are_found_as_they_stand() -> None:
    workspace = rows.workspace()
    lives.settle_on(workspace, day_before(1), cost=9)
    lives.charge(workspace)
    for table, column in (("billing_daily_usage", "day"), ("billing_usage_bucket", "starts_at")):
        rows.run(
            f"UPDATE {table} SET {column} = {column} - interval '1 day' WHERE workspace_id = %s", workspace
        )
    found = only(workspace)
    assert set(found) == {"I8 days", "I8 quarters"}
    for wrong in found.values():
        assert [(row[0], *row[2:]) for row in wrong] == [
            (day_before(2), None, SUMS),
            (day_before(1), SUMS, None),
        ]


def gone(workspace: int) -> Scope:
    """What is looked at once the events of four days ago and before have left."""
    return Scope(workspace, complete_from=day_before(3))


def test_charges_of_days_that_left_are_those_under_their_seals() -> None:
    workspace = lives.past()
    charged_again(workspace, day_before(5), 98, -4)
    charged_again(workspace, day_before(6), 99, -3)
    assert only(workspace, gone(workspace)) == {
        "I7": [
            (day_before(6), "charges of the sealed day", "0", "-3"),
            (day_before(5), "charges of the sealed day", "-164", "-168"),
        ]
    }


def test_a_day_that_left_without_a_cost_has_no_charge() -> None:
    workspace = rows.workspace()
    lives.settle_on(workspace, day_before(5))
    lives.charge(workspace)
    seals.seal(workspace, [day_before(5)])
    rows.fund(workspace, 10)
    ledger.post(
        workspace_id=workspace,
        kind=ledger.Kind.GRANT,
        amount=5,
        offset=ledger.System.PROMOTION,
        idem_key="of that day",
        day=day_before(5),
    )
    assert told(USAGE, gone(workspace))["I7"] == (1, [])


def test_a_day_that_left_is_held_against_its_last_seal() -> None:
    workspace, _ = lives.past(sealed=False), lives.past()
    request = lives.settle_on(workspace, day_before(5), cost=9)
    lives.charge(workspace)
    seals.seal(workspace, [day_before(5), day_before(4)])
    lives.settle_on(workspace, day_before(5), cost=-2, rev=1, request_id=request)
    lives.charge(workspace)
    assert seals.seal(workspace, [day_before(5)]) == 1
    assert only(workspace, gone(workspace)) == {}
