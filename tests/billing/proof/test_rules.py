"""How a rule is checked: over what is in scope, all rows counted and the first told, in one view of the rows."""

import datetime
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection, transaction

from billing import sums
from billing.proof.rules import BEGINNING, EVENTS, ONLY, POSTED, Invariant, Scope, check, snapshot
from kernel import clock
from tests.billing import rows
from tests.billing.proof import lives
from tests.billing.proof.lives import day_before, told

DAY = datetime.date(1970, 1, 1)


def compared(text: str, window: str = "") -> Invariant:
    """A rule over workspaces 1 to 101 that expects 1, and what it finds."""
    select = "SELECT n::bigint AS workspace_id, NULL::date AS day, 'x' AS subject, 1 AS expected, {} AS found"
    return Invariant(
        "X",
        "says",
        *(f"{select.format(each)} FROM generate_series(1, 101) n" for each in (text, window) if each),
    )


def one(rule: Invariant, scope: Scope) -> tuple[int, int, list[Any]]:
    with connection.cursor() as cursor:
        outcome = check(cursor, rule, scope)
    assert (outcome.name, outcome.says, outcome.seconds) == ("X", "says", 0.0)
    return outcome.compared, outcome.broken, [(row.workspace_id, row.found) for row in outcome.findings]


@pytest.mark.django_db
def test_all_findings_are_counted_and_the_first_hundred_told() -> None:
    broken = compared("n + 1")
    assert one(broken, Scope()) == (101, 101, [(n, str(n + 1)) for n in range(1, 101)])
    assert one(broken, Scope(7)) == (1, 1, [(7, "8")])
    assert one(compared("nullif(n, 1)"), Scope(1)) == (1, 1, [(1, None)])
    assert one(compared("nullif(1, 0)"), Scope()) == (101, 0, [])
    assert one(compared("CASE WHEN n = 5 THEN 2 ELSE 1 END"), Scope()) == (101, 1, [(5, "2")])


@pytest.mark.django_db
def test_the_last_days_have_a_query_of_their_own_where_there_is_one() -> None:
    since = Scope(3, day_before(2))
    assert one(compared("1", "2"), since) == (1, 1, [(3, "2")])
    assert one(compared("1", "2"), Scope(3)) == (1, 0, [])
    assert one(compared("2"), since) == (1, 1, [(3, "2")])


def test_a_scope_begins_where_it_is_asked_and_its_events_are_still_there() -> None:
    today = clock.utc_day(clock.now())
    since, complete = datetime.date(2026, 3, 1), datetime.date(2026, 5, 2)
    whole, last, both = Scope().values, Scope(5, since).values, Scope(5, since, complete).values
    assert (whole["only"], whole["since"], whole["first_day"], whole["near"]) == (None, DAY, DAY, DAY)
    assert (whole["first_minute"], whole["complete_minute"], whole["gone"]) == (0, 0, False)
    assert (last["only"], last["since"], last["first_day"]) == (5, since, since)
    assert (last["near"], last["gone"]) == (datetime.date(2026, 2, 28), False)
    assert (both["since"], both["first_day"], both["gone"]) == (since, complete, True)
    assert both["first_minute"] == both["complete_minute"] == sums.first_minute(complete)
    assert not Scope(5, complete, complete).values["gone"]
    assert Scope(5, complete, since).values["first_day"] == complete
    assert whole["unsealed_minute"] == sums.first_minute(today - datetime.timedelta(days=1))
    assert whole["seals_overdue"] == today - datetime.timedelta(days=4)
    assert whole["dead"] == settings.WORKER_SILENCE_SECONDS + 60
    assert BEGINNING == DAY


def events(read: str, scope: Scope) -> set[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id {read}", scope.values)
        return {row[0] for row in cursor.fetchall()}


@pytest.mark.django_db
def test_events_are_those_of_the_days_and_the_workspaces_in_scope() -> None:
    workspace, other = rows.workspace(), rows.workspace()
    since = day_before(3)
    first = lives.settle_on(workspace, since, minute=0)
    elsewhere = lives.settle_on(other, since)
    arrived_before = lives.settle_on(workspace, day_before(4))
    odd = lives.settle_on(workspace, since, request_id=lives.request_at(sums.first_minute(day_before(5))))
    made = {first, elsewhere, arrived_before, odd}
    read = f"FROM {EVENTS} e"
    assert events(read, Scope()) & made == made
    assert events(read, Scope(workspace)) == {first, arrived_before, odd}
    assert events(read, Scope(workspace, since)) == {first}
    assert events(read, Scope(since=since)) & made == {first, elsewhere}
    assert events(POSTED, Scope(workspace)) == set()
    lives.charge(workspace)
    lives.settle_on(workspace, since)
    assert events(POSTED, Scope(workspace)) == {first, arrived_before, odd}


@pytest.mark.django_db
def test_a_scope_is_one_workspace_or_all() -> None:
    query = f"SELECT array_agg(workspace_id ORDER BY 1) FROM generate_series(1, 3) workspace_id WHERE {ONLY}"
    with connection.cursor() as cursor:
        for scope, found in ((Scope(), [1, 2, 3]), (Scope(2), [2])):
            cursor.execute(query, scope.values)
            assert cursor.fetchone() == (found,)


@pytest.mark.usefixtures("committed")
def test_a_snapshot_is_one_view_that_writes_nothing_and_ends() -> None:
    with snapshot() as cursor:
        for setting, value in (
            ("transaction_isolation", "repeatable read"),
            ("transaction_read_only", "on"),
            ("statement_timeout", "10min"),
            ("work_mem", "64MB"),
        ):
            cursor.execute(f"SHOW {setting}")
            assert cursor.fetchone() == (value,)
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"), snapshot():
        pass


@pytest.mark.django_db
def test_the_rules_are_told_in_the_order_of_their_letters_and_numbers() -> None:
    from billing.proof.invariants import INVARIANTS

    assert [rule.name for rule in INVARIANTS] == [
        *(f"I{number}" for number in range(1, 8)),
        *("I8 days", "I8 quarters"),
        *(f"I{number}" for number in (9, 10, 11, 12, 13, 14, 16)),
        *(f"L{number}" for number in range(1, 6)),
    ]
    assert set(told(INVARIANTS, Scope())) == {rule.name for rule in INVARIANTS}
