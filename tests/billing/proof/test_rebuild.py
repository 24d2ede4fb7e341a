"""Sums made anew: the same bytes as the roll-up's, whatever order and however often that ran."""

import datetime
import random
import threading
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from billing import rollup, sums
from billing.management.commands.rebuild_daily import Command
from billing.proof import rebuild
from kernel import postgres
from tests.billing import rows
from tests.billing.proof import lives
from tests.billing.proof.lives import day_before

FIRST, LAST = day_before(6), day_before(0)
TABLES = {"billing_daily_usage": "day", "billing_usage_bucket": "starts_at"}


def stored(workspace: int) -> list[str]:
    """Return every sum of a workspace, all columns but the surrogate id, as text."""
    found = []
    with connection.cursor() as cursor:
        for table, time in TABLES.items():
            columns = ", ".join(("workspace_id", time, *sums.DIMENSIONS, *sums.MEASURES))
            cursor.execute(
                f"SELECT row({columns})::text FROM {table} WHERE workspace_id = %s ORDER BY 1", [workspace]
            )
            found += [text for (text,) in cursor.fetchall()]
    return found


def rebuilt(workspace: int, *, apply: bool = False) -> list[rebuild.Change]:
    return rebuild.rebuild(workspace, FIRST, LAST, apply=apply)


def busy(workspace: int, number: int, chance: random.Random) -> None:
    """Settle requests of a week in no order, with corrections, closing and posting now and then, twice too."""
    columns = lives.priced()
    for _ in range(number):
        day, minute = day_before(chance.randrange(1, 6)), chance.randrange(1440)
        made: dict[str, Any] = columns | {"tag": chance.choice(["", "a", 'b, "c"'])}
        made |= {"api_key_id": chance.randrange(3), "status": chance.choice(["ok", "failed"])}
        request = lives.settle_on(workspace, day, minute=minute, **made)
        if chance.random() < 0.2:
            lives.settle_on(
                workspace, day, minute=minute, request_id=request, **(made | {"rev": 1, "cost": -1})
            )
        if chance.random() < 0.1:
            rollup.close(workspace)
        if chance.random() < 0.05:
            rollup.post(workspace)
            rollup.post(workspace)


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(3))
def test_shuffled_repeated_and_late_roll_ups_make_what_a_rebuild_makes(seed: int) -> None:
    workspace = rows.workspace()
    busy(workspace, 60, random.Random(seed))
    lives.charge(workspace)
    by_roll_up = stored(workspace)
    assert rebuilt(workspace) == []
    for table in TABLES:
        rows.run(f"DELETE FROM {table} WHERE workspace_id = %s", workspace)
    assert len(rebuilt(workspace, apply=True)) == len(by_roll_up)
    assert stored(workspace) == by_roll_up


@pytest.mark.django_db
def test_only_what_is_posted_is_counted() -> None:
    workspace = lives.past(sealed=False)
    lives.settle_on(workspace, day_before(2), cost=9)
    assert rebuilt(workspace) == []


@pytest.mark.django_db
def test_nothing_is_changed_unless_asked_for_and_right_rows_are_left_alone() -> None:
    workspace = lives.past(sealed=False)
    right = stored(workspace)
    kept = _ids(workspace, day_before(3))
    rows.run(
        "UPDATE billing_daily_usage SET cost = cost + 1 WHERE workspace_id = %s AND day = %s",
        *(workspace, day_before(2)),
    )
    rows.run(
        "INSERT INTO billing_usage_bucket SELECT (jsonb_populate_record(b, jsonb_build_object('id', gen_random_uuid(),"
        " 'tag', 'nothing of the kind'))).* FROM billing_usage_bucket b WHERE workspace_id = %s LIMIT 1",
        workspace,
    )
    wrong = stored(workspace)
    changes = rebuilt(workspace)
    assert {(change.table, change.made is None) for change in changes} == {
        ("billing_daily_usage", False),
        ("billing_usage_bucket", True),
    }
    assert stored(workspace) == wrong
    assert rebuilt(workspace, apply=True) == changes
    assert stored(workspace) == right
    assert _ids(workspace, day_before(3)) == kept


def _ids(workspace: int, day: datetime.date) -> list[object]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, xmin::text FROM billing_daily_usage WHERE workspace_id = %s AND day = %s ORDER BY id",
            [workspace, day],
        )
        return list(cursor.fetchall())


@pytest.mark.django_db
def test_only_the_days_asked_for_are_looked_at() -> None:
    workspace = lives.past(sealed=False)
    rows.run("DELETE FROM billing_daily_usage WHERE workspace_id = %s", workspace)
    changes = rebuild.rebuild(workspace, day_before(3), day_before(2))
    assert {change.time for change in changes} == {str(day_before(3)), str(day_before(2))}


@pytest.mark.usefixtures("committed")
def test_a_rebuild_beside_the_live_roll_up_changes_nothing() -> None:
    workspace, chance = rows.workspace(), random.Random(7)
    over = threading.Event()

    def charge() -> None:
        try:
            while not over.is_set():
                rollup.close(workspace)
                rollup.post(workspace)
        finally:
            connection.close()

    charging = [threading.Thread(target=charge) for _ in range(2)]
    for thread in charging:
        thread.start()
    try:
        for _ in range(15):
            busy(workspace, 4, chance)
            assert rebuilt(workspace, apply=True) == []
    finally:
        over.set()
        for thread in charging:
            thread.join()
    lives.charge(workspace)
    assert rebuilt(workspace) == []


@pytest.mark.usefixtures("committed")
def test_a_rebuild_waits_for_whoever_charges_the_workspace() -> None:
    workspace = lives.past(sealed=False)
    with psycopg.connect(postgres.conninfo()) as other:
        other.execute("SELECT pg_advisory_xact_lock(hashtextextended('billing.rollup', %s))", [workspace])
        rows.run("SET lock_timeout = '100ms'")
        with pytest.raises(OperationalError, match="lock timeout"):
            rebuilt(workspace)
        rows.run("RESET lock_timeout")
    assert rebuilt(workspace) == []


@pytest.mark.django_db
def test_a_rebuild_takes_ten_minutes_at_most_for_a_statement() -> None:
    rebuilt(rows.workspace())
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("10min",)


@pytest.mark.django_db
def test_quarters_are_made_anew_as_long_as_they_are_kept() -> None:
    workspace = rows.workspace()
    for days in (90, 89):
        lives.settle_on(workspace, day_before(days), **lives.priced())
    lives.charge(workspace)
    for table in TABLES:
        rows.run(f"DELETE FROM {table} WHERE workspace_id = %s", workspace)
    changes = rebuild.rebuild(workspace, day_before(90), LAST)
    assert [(change.table, change.time[:10]) for change in changes] == [
        ("billing_daily_usage", str(day_before(90))),
        ("billing_daily_usage", str(day_before(89))),
        ("billing_usage_bucket", str(day_before(89))),
    ]


@pytest.mark.django_db
def test_days_whose_events_were_dropped_are_refused_by_name() -> None:
    workspace = rows.workspace()
    month = datetime.date(2025, 9, 1)
    rows.run("INSERT INTO billing_dropped_month (month, events) VALUES (%s, 9)", month)
    with pytest.raises(rebuild.Gone, match="2025-09-30 to 2025-10-01 were dropped"):
        rebuild.rebuild(workspace, datetime.date(2025, 9, 30), datetime.date(2025, 10, 5))
    assert rebuild.rebuild(workspace, datetime.date(2025, 10, 2), datetime.date(2025, 10, 5)) == []


def command(*words: str) -> str:
    out = StringIO()
    call_command("rebuild_daily", *words, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_the_command_tells_first_and_puts_right_when_asked() -> None:
    workspace = lives.past(sealed=False)
    right = stored(workspace)
    day = day_before(2)
    rows.run("DELETE FROM billing_daily_usage WHERE workspace_id = %s AND day = %s", workspace, day)
    asked = ("--workspace", str(workspace), "--from", str(day), "--to", str(day))
    said = command(*asked)
    assert f"workspace {workspace}: billing_daily_usage {day} key 1 model" in said
    assert "stored nothing, made (3," in said
    assert said.endswith("\n2 differences found, nothing changed\n")
    assert "\n2 differences put right\n" in command(*asked, "--apply")
    assert stored(workspace) == right
    assert "0 differences found" in command("--all", "--from", str(day), "--to", str(day))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--workspace", "0", "--from", "2026-01-01", "--to", "2026-01-02"), "there is no workspace 0"),
        (("--from", "2026-01-01", "--to", "2026-01-02"), "--workspace --all is required"),
        (("--all", "--to", "2026-01-02"), "--from"),
        (("--all", "--from", "yesterday", "--to", "2026-01-02"), "'yesterday' is not a day"),
        (("--all", "--from", "2026-01-03", "--to", "2026-01-02"), "the last day is before the first"),
    ],
)
def test_the_command_refuses_what_makes_no_sense(words: tuple[str, ...], said: str) -> None:
    rows.workspace()
    with pytest.raises(CommandError, match=said):
        command(*words)


def test_the_command_lists_a_hundred_differences_of_a_workspace_and_counts_the_rest() -> None:
    for number, more in ((100, []), (101, ["and 1 more of this workspace"])):
        out = StringIO()
        changes = [
            rebuild.Change("billing_daily_usage", 7, "2026-11-21", str(key), None, "(1)")
            for key in range(number)
        ]
        Command(stdout=out)._print(changes)
        assert out.getvalue().splitlines()[100:] == more
