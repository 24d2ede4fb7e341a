"""Taking: a group is let in up to the last nano, unit and slot, and counts in the windows it began in."""

from datetime import date
from typing import Any

import psycopg
import pytest
from django.db import DataError, connection

from billing import budgets
from billing.admission import Ask, Budget, State
from billing.models import KeyBudget
from billing.taking import READ, TAKE, WINDOW_ENDS, read_parameters, state, take_parameters, words
from kernel import clock, ids

from . import rows
from .test_admission import ask

pytestmark = pytest.mark.django_db

MINUTES = {"minute": 1, "hour": 60, "day": 1440}


def funded(nano: int = 100, **account: int) -> int:
    workspace = rows.workspace()
    rows.fund(workspace, nano)
    say(workspace, **account)
    return workspace


def say(workspace: int, **account: int) -> None:
    for column, value in account.items():
        rows.run(f"UPDATE billing_account SET {column} = %s WHERE workspace_id = %s", value, workspace)


def wanted(workspace: int, **changes: Any) -> Ask:
    free = {
        "minute_cap": None,
        "hour_cap": None,
        "day_cap": None,
        "stream_cap": 9,
        "stream": False,
        "hold": 0,
    }
    return ask(**{"workspace_id": workspace, "weight": 1, **free, **changes})


def raw(statement: str, parameters: list[Any]) -> list[Any]:
    connection.ensure_connection()
    cursor = psycopg.RawCursor(connection.connection)
    return cursor.execute(statement.encode(), parameters).fetchall()


def taken(*asks: Ask) -> bool:
    """Propose requests of one workspace as a group; tell whether it was let in."""
    return bool(raw(TAKE, take_parameters([asks], worker_id=ids.request_id())))


def read(workspace: int) -> State:
    [(_, *columns)] = raw(READ, read_parameters({workspace: [wanted(workspace)]}))
    return state(*columns)


@pytest.mark.parametrize(
    ("account", "left"),
    [
        ({}, 100),
        ({"unbilled": 30}, 70),
        ({"unbilled": -30}, 130),
        ({"overdraft_limit": 5}, 105),
        ({"withheld": 20}, 80),
        ({"held": 7}, 93),
        ({"lapsing": 10, "lapse_minute": 0}, 90),
        ({"lapsing": 10, "lapse_minute": 60}, 100),
    ],
)
def test_funds_are_what_nobody_else_has_a_claim_on(account: dict[str, int], left: int, minute: int) -> None:
    if "lapse_minute" in account:
        account = account | {"lapse_minute": minute + account["lapse_minute"]}
    workspace = funded(**account)
    found = read(workspace)
    assert found.funds - found.held == left
    assert not taken(wanted(workspace, hold=left + 1))
    assert not taken(wanted(workspace, hold=left), wanted(workspace, hold=1))
    assert taken(wanted(workspace, hold=left - 1), wanted(workspace, hold=1))
    assert rows.account(workspace)["held"] == account.get("held", 0) + left


def test_funds_are_not_asked_for_by_what_holds_nothing() -> None:
    workspace = funded(1, unbilled=5)
    assert not taken(wanted(workspace, hold=1))
    assert taken(wanted(workspace))


@pytest.mark.parametrize(
    "asked",
    [[(25, 4)], [(20, 1), (20, 4)], [(10, 10), (90, 1)], [(25, 4), (0, 1), (25, 3)]],
    ids=["alone", "after another", "before another", "in turn"],
)
def test_a_hold_may_be_a_share_of_what_is_left_in_its_turn(asked: list[tuple[int, int]]) -> None:
    enough, short = funded(100), funded(99)
    for workspace, fits in ((short, False), (enough, True)):
        group = [wanted(workspace, hold=hold, share=share) for hold, share in asked]
        assert taken(*group) is fits


@pytest.mark.parametrize("window", MINUTES)
@pytest.mark.parametrize(("ago", "used"), [(0, 5), (-1, 5), (1, 0)])
def test_windows_count_what_began_in_them_and_nothing_older(
    window: str, ago: int, used: int, minute: int
) -> None:
    began = minute - ago * MINUTES[window]
    workspace = funded(minute_no=began, **{f"{window}_count": 5})
    assert getattr(read(workspace), f"{window}_used") == used
    cap = {f"{window}_cap": 10}
    assert not taken(wanted(workspace, weight=11 - used, **cap))
    assert not taken(wanted(workspace, weight=10 - used, **cap), wanted(workspace, **cap))
    assert taken(wanted(workspace, weight=9 - used, **cap), wanted(workspace, **cap))
    account = rows.account(workspace)
    assert (account[f"{window}_count"], account["minute_no"]) == (10, max(began, minute))


def test_windows_without_a_cap_count_too() -> None:
    workspace = funded()
    assert taken(wanted(workspace, weight=2), wanted(workspace, weight=3))
    account = rows.account(workspace)
    assert [account[f"{window}_count"] for window in MINUTES] == [5, 5, 5]
    assert all(taken(wanted(workspace, weight=30_000)) for _ in range(3)), "where no cap is, none is met"


def test_the_smallest_cap_of_a_group_holds_for_all_of_it() -> None:
    workspace = funded()
    for window in MINUTES:
        wide, narrow = {f"{window}_cap": 9}, {f"{window}_cap": 1}
        assert not taken(wanted(workspace, **wide), wanted(workspace, **narrow))
        assert not taken(wanted(workspace), wanted(workspace, **narrow))
    wide, narrow = {"stream": True, "stream_cap": 9}, {"stream": True, "stream_cap": 1}
    assert not taken(wanted(workspace, **wide), wanted(workspace, **narrow))


def test_slots_are_for_streams_only() -> None:
    workspace = funded(open_streams=2)
    slot = wanted(workspace, stream=True, stream_cap=3)
    assert not taken(slot, wanted(workspace, stream=True, stream_cap=3))
    assert taken(slot)
    assert rows.account(workspace)["open_streams"] == read(workspace).open_streams == 3
    assert not taken(wanted(workspace, stream=True, stream_cap=3))
    assert taken(wanted(workspace, stream_cap=1))


def test_a_workspace_that_is_suspended_gets_nothing() -> None:
    workspace = funded(status=1)
    assert not taken(wanted(workspace))
    assert read(workspace).status == 1


def test_who_is_let_in_hears_what_was_counted_and_what_is_left(minute: int) -> None:
    workspace = funded(
        held=7, minute_no=minute + 1, minute_count=1, hour_count=2, day_count=3, kill_generation=5
    )
    asked = [wanted(workspace, hold=40, weight=2), wanted(workspace, hold=3)]
    found = raw(TAKE, take_parameters([asked], worker_id=ids.request_id()))
    assert found == [(workspace, minute + 1, 5, 4, 5, 6, 50)]


def test_groups_of_several_workspaces_are_let_in_each_for_itself() -> None:
    rich, poor, other = funded(100), funded(10), funded(100)
    groups = [
        [wanted(rich, hold=40), wanted(rich, hold=60)],
        [wanted(poor, hold=11)],
        [wanted(other, hold=1, stream=True), wanted(other, hold=2), wanted(other, hold=3)],
    ]
    found = raw(TAKE, take_parameters(groups, worker_id=ids.request_id()))
    assert {workspace for workspace, *_ in found} == {rich, other}
    for workspace, held in ((rich, 100), (poor, 0), (other, 6)):
        assert rows.account(workspace)["held"] == held
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT workspace_id, hold FROM billing_admission WHERE workspace_id = ANY (%s)",
            [[rich, poor, other]],
        )
        assert sorted(cursor.fetchall()) == [(rich, 40), (rich, 60), (other, 1), (other, 2), (other, 3)]


@pytest.mark.parametrize(("ahead", "used"), [(0, 50), (1, 50), (-1, 20)])
def test_budgets_are_taken_to_the_last_nano_of_their_window(ahead: int, used: int, minute: int) -> None:
    workspace, day = funded(1000), minute // 1440
    budgets.put(workspace, 1, limit=100, period=KeyBudget.Period.DAY, actor="x")
    KeyBudget.objects.filter(workspace_id=workspace).update(spent=30, held=20, window_day=day + ahead)
    assert read(workspace).budgets == {1: Budget(limit=100, used=used, ends=(day + 1) * 1440)}
    left = 100 - used
    assert not taken(wanted(workspace, hold=left + 1))
    assert not taken(wanted(workspace, hold=left), wanted(workspace, hold=1))
    assert taken(wanted(workspace, hold=left - 1), wanted(workspace, hold=1))
    assert taken(wanted(workspace))
    assert not taken(wanted(workspace, hold=1))
    [row] = KeyBudget.objects.filter(workspace_id=workspace).values("spent", "held", "window_day")
    assert row == {"spent": used - 20, "held": 20 + left, "window_day": max(day, day + ahead)}


def test_budgets_that_are_overspent_let_in_what_holds_nothing() -> None:
    workspace = funded(1000)
    budgets.put(workspace, 1, limit=100, period=KeyBudget.Period.NONE, actor="x")
    KeyBudget.objects.filter(workspace_id=workspace).update(spent=200)
    assert not taken(wanted(workspace, hold=1))
    assert taken(wanted(workspace))


def test_budgets_are_of_one_key_of_one_workspace() -> None:
    workspace, other = funded(1000), funded(1000)
    budgets.put(workspace, 1, limit=10, period=KeyBudget.Period.DAY, actor="x")
    budgets.put(workspace, 3, limit=500, period=KeyBudget.Period.DAY, actor="x")
    budgets.put(other, 2, limit=20, period=KeyBudget.Period.DAY, actor="x")
    assert (list(read(workspace).budgets), list(read(other).budgets)) == ([1], [])
    groups = [[wanted(workspace, hold=11, api_key_id=2)], [wanted(other, hold=21, api_key_id=1)]]
    assert len(raw(TAKE, take_parameters(groups, worker_id=ids.request_id()))) == 2
    assert not taken(wanted(workspace, hold=1, api_key_id=2), wanted(workspace, hold=11))
    mixed = [wanted(workspace, hold=hold, api_key_id=key) for hold, key in ((4, 1), (5, 3), (6, 2))]
    assert taken(*mixed)
    held = KeyBudget.objects.filter(workspace_id__in=[workspace, other]).order_by("api_key_id")
    assert list(held.values_list("api_key_id", "held")) == [(1, 4), (2, 0), (3, 5)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT hold, budgeted FROM billing_admission WHERE workspace_id = ANY (%s)", [[workspace, other]]
        )
        assert sorted(cursor.fetchall()) == [(4, True), (5, True), (6, False), (11, False), (21, False)]


@pytest.mark.parametrize(
    ("period", "first", "end"),
    [
        ("day", "2026-11-21", "2026-11-22"),
        ("week", "2026-11-16", "2026-11-23"),
        ("month", "2026-11-01", "2026-12-01"),
    ],
)
def test_budgets_end_with_their_window(period: str, first: str, end: str) -> None:
    days = [(date.fromisoformat(each) - date(1970, 1, 1)).days for each in (first, end)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {WINDOW_ENDS} FROM (SELECT %s AS period) kb, (SELECT %s AS day) w", [period, days[0]]
        )
        assert cursor.fetchall() == [(days[1] * 1440,)]


def test_minutes_are_the_databases_own() -> None:
    workspace = funded()
    before = clock.minute_number()
    assert before <= read(workspace).minute <= clock.minute_number()


@pytest.mark.parametrize(
    "texts",
    [
        [],
        [""],
        ["plain", "two words", "NULL", "null"],
        ['say "x"', "back\\slash", '\\"', "a,b", "{c}", "it's", "new\nline", " edge ", "日本 é"],
    ],
    ids=["none", "empty", "words", "odd"],
)
def test_texts_come_back_from_the_database_as_they_went(texts: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::text[]", [words(texts)])
        assert cursor.fetchone() == (texts,)


def test_a_text_that_no_database_can_hold_is_refused_and_not_cut() -> None:
    with connection.cursor() as cursor, pytest.raises((ValueError, psycopg.DataError, DataError)):
        cursor.execute("SELECT %s::text[]", [words(["a\0b"])])
