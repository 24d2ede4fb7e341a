"""The audit command: what it says, how it exits, and that live traffic does not alarm it."""

import datetime
import json
import threading
import time
from collections import defaultdict
from io import StringIO

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import InternalError, connection, transaction

from billing import rollup
from billing.management.commands.audit import Command
from billing.models import DaySeal
from billing.proof import audit as audits
from billing.proof import seals
from billing.proof.invariants import INVARIANTS
from billing.proof.rules import Finding, Outcome, snapshot
from kernel import clock, postgres
from tests.billing import rows
from tests.billing.proof import lives


def audit(*words: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("audit", *words, stdout=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


@pytest.mark.usefixtures("committed")
def test_the_command_says_what_it_compared() -> None:
    workspace = rows.workspace()
    rows.settle(workspace)
    status, said = audit("--workspace", str(workspace))
    assert status == 0
    assert "I8 quarters" in said
    assert "the money is right" in said
    status, said = audit("--workspace", str(workspace), "--json")
    answer = json.loads(said)
    assert (status, answer["sound"], len(answer["invariants"])) == (0, True, len(INVARIANTS) + 1)


def test_the_command_looks_at_one_day_to_ten_thousand() -> None:
    for days in ("0", "10001"):
        with pytest.raises(CommandError, match="--days: between 1 and 10000"):
            audit("--days", days)


def test_the_command_counts_what_it_does_not_list() -> None:
    rows_of = (Finding(7, None, "unbilled", "0", "5"),) * 2
    for broken, more in ((2, []), (3, ["I4: and 1 more"])):
        out = StringIO()
        Command(stdout=out)._list(Outcome("I4", "s", 9, broken, rows_of))
        assert out.getvalue().splitlines()[2:] == more


@pytest.mark.usefixtures("committed")
def test_the_command_lists_what_is_broken_and_exits_1() -> None:
    workspace = rows.workspace()
    rows.run("UPDATE billing_account SET unbilled = 5 WHERE workspace_id = %s", workspace)
    try:
        status, said = audit("--workspace", str(workspace))
        assert status == 1
        assert f"I4: workspace {workspace}: unbilled: expected 0, found 5" in said
        status, said = audit("--workspace", str(workspace), "--json")
        assert status == 1
        assert json.loads(said)["sound"] is False
    finally:
        rows.run("UPDATE billing_account SET unbilled = 0 WHERE workspace_id = %s", workspace)


@pytest.mark.usefixtures("committed")
def test_the_seals_of_two_weeks_are_told_by_day() -> None:
    for _ in range(2):
        workspace = lives.past(sealed=False)
        for days in (14, 15):
            lives.settle_on(workspace, lives.day_before(days), **lives.priced())
        lives.charge(workspace)
        seals.seal(workspace, seals.due(clock.now())[workspace])
    report = audits.audit(workspace_id=workspace, days=1)
    told = {day.day: (day.seals, day.events) for day in report.newest}
    assert min(told) == lives.day_before(14)
    kept = DaySeal.objects.filter(day__gte=min(told)).values_list("day", "events")
    events: dict[datetime.date, list[int]] = defaultdict(list)
    for day, number in kept:
        events[day].append(number)
    assert told == {day: (len(each), sum(each)) for day, each in events.items()}
    sealed = set(DaySeal.objects.values_list("day", flat=True))
    assert (report.seals, report.days) == (DaySeal.objects.count(), len(sealed))
    took = (report.ended - report.began).total_seconds()
    assert 0 <= sum(outcome.seconds for outcome in report.outcomes) <= took + 0.1


@pytest.mark.usefixtures("committed")
def test_the_last_days_are_looked_at_and_what_is_older_is_left_to_the_night() -> None:
    workspace = lives.past()
    for days, wrong in ((1, True), (2, True), (3, False), (5, False)):
        day = lives.day_before(days)
        rows.run(
            "UPDATE billing_daily_usage SET cost = cost + 1 WHERE workspace_id = %s AND day = %s AND tag = ''",
            *(workspace, day),
        )
        try:
            broken = audits.audit(workspace_id=workspace, days=3).broken
            assert bool(broken) == wrong
            assert audits.audit(workspace_id=workspace).broken
        finally:
            rows.run(
                "UPDATE billing_daily_usage SET cost = cost - 1 WHERE workspace_id = %s AND day = %s AND tag = ''",
                *(workspace, day),
            )
    assert audits.audit(workspace_id=workspace).broken == 0


@pytest.mark.usefixtures("committed")
def test_an_audit_sees_one_moment_and_writes_nothing() -> None:
    workspace = rows.workspace()
    change = "UPDATE billing_account SET kill_generation = kill_generation + 1 WHERE workspace_id = %s"
    seen = []
    with snapshot() as cursor:
        for _ in range(2):
            cursor.execute("SELECT kill_generation FROM billing_account WHERE workspace_id = %s", [workspace])
            seen.append(cursor.fetchone())
            with psycopg.connect(postgres.conninfo()) as other:
                other.execute(change, [workspace])
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("10min",)
        with pytest.raises(InternalError, match="read-only"), transaction.atomic():
            cursor.execute(change, [workspace])
    assert seen == [(0,), (0,)]
    assert rows.account(workspace)["kill_generation"] == 2


@pytest.mark.usefixtures("committed")
def test_live_traffic_makes_no_false_alarm() -> None:
    workspace = rows.workspace()
    rows.fund(workspace, 10**9)
    until = time.monotonic() + 4

    def settle() -> None:
        try:
            while time.monotonic() < until:
                rows.settle(workspace)
                rows.admit(workspace, hold=1)
        finally:
            connection.close()

    def charge() -> None:
        try:
            while time.monotonic() < until:
                rollup.close(workspace)
                rollup.post(workspace)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for work in (settle, settle, charge)]
    for thread in threads:
        thread.start()
    try:
        rounds = 0
        while time.monotonic() < until:
            status, said = audit("--workspace", str(workspace))
            assert status == 0, said
            rounds += 1
    finally:
        for thread in threads:
            thread.join()
    assert rounds > 3
