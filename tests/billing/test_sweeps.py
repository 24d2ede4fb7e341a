"""A round of charging: many workspaces at once, those too whose account somebody holds, by statements planned once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection
from django.db.backends.utils import CursorWrapper
from django.test.utils import CaptureQueriesContext

from billing import rollup, sweeps
from kernel import postgres, prepared
from tests.billing import rows

pytestmark = pytest.mark.usefixtures("committed")


@contextmanager
def held(workspace: int) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """Another session has the workspace's account locked."""
    with psycopg.connect(postgres.conninfo()) as other:
        other.execute(b"SELECT FROM billing_account WHERE workspace_id = %s FOR UPDATE", [workspace])
        yield other


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """We wait so long for an account's lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{round(seconds * 1000)}ms"])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")  # the pool gives the session to others as it is


def used(number: int) -> list[int]:
    """Make workspaces, each with one event of seven nano-USD."""
    found = [rows.workspace() for _ in range(number)]
    for each in found:
        rows.settle(each, cost=7)
    return found


def charge(workspaces: list[int]) -> int:
    return sweeps.charge(workspaces, actor="test", seconds=60)


def test_all_are_charged_once() -> None:
    workspaces = used(2 * sweeps.CLOSED_TOGETHER + 1)
    assert charge(workspaces) == len(workspaces)
    assert {rows.account(each)["posted"] for each in workspaces} == {-7}
    assert charge(workspaces) == 0


def test_without_time_left_none_is_posted_and_the_next_round_does_it() -> None:
    workspaces = used(2)
    assert sweeps.charge(workspaces, actor="test", seconds=-1) == 0
    assert {rows.account(each)["posted"] for each in workspaces} == {0}
    assert charge(workspaces) == 2


def test_numbers_that_were_closed_before_are_posted_and_empty_ones_are_left() -> None:
    closed, empty = used(2)
    assert rollup.close(closed)
    rows.settle(closed, cost=5)
    charge([empty])
    assert charge([closed, empty]) == 2
    assert rows.account(closed)["posted"] == -12
    assert rows.account(empty)["charge_no"] == 2


def test_an_account_that_is_held_is_left_out_and_then_waited_for() -> None:
    free, busy = used(2)
    with patience(60), held(busy) as holder:
        assert rollup.close_free([busy, free]) == {free}
        release = threading.Timer(0.3, holder.commit)
        release.start()
        assert charge([busy, free]) == 2
        release.join()
    assert [rows.account(each)["posted"] for each in (free, busy)] == [-7, -7]


def test_an_account_that_stays_held_keeps_no_other_from_being_charged() -> None:
    free, busy = used(2)
    with patience(0.1), held(busy):
        assert charge([busy, free]) == 1
    assert [rows.account(each)["posted"] for each in (free, busy)] == [-7, 0]
    assert charge([busy]) == 1


def test_what_refuses_many_at_once_is_done_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    workspaces = used(2)

    def refused(_: object) -> set[int]:
        raise DatabaseError("statement timeout")

    monkeypatch.setattr(rollup, "close_free", refused)
    assert charge(workspaces) == 2


def test_its_statements_are_planned_once_and_not_for_each_workspace_or_size_of_number() -> None:
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]  # the next session has prepared nothing
    for cost in (7, 70_000, 7_000_000_000):
        workspaces = used(7)
        for each in workspaces:
            rows.settle(each, cost=cost)
        charge(workspaces)
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        kept = [statement for (statement,) in cursor.fetchall()]
    assert any("INSERT INTO billing_usage_bucket" in statement for statement in kept)
    assert any("INSERT INTO billing_ledger_entry" in statement for statement in kept)
    assert len(kept) == len(set(kept))


def test_a_workspace_takes_few_turns_of_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    workspaces, turns, execute = used(sweeps.CLOSED_TOGETHER), [], prepared.execute
    charge(workspaces)
    for each in workspaces:  # and no more of them for what was charged before
        rows.settle(each, cost=7)

    def counted(cursor: CursorWrapper, statement: str, values: Any) -> psycopg.Cursor[tuple[Any, ...]]:
        turns.append(statement)
        return execute(cursor, statement, values)

    monkeypatch.setattr(prepared, "execute", counted)
    with CaptureQueriesContext(connection) as others:
        charge(workspaces)
    assert len(turns) == 1 + 7 * len(workspaces)
    assert [each["sql"] for each in others if each["sql"] not in ("BEGIN", "COMMIT")] == []
