"""Seals: made of days that are over and whole, true for ever for what they cover, and a change under one is found."""

import datetime
import hashlib

import psycopg
import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from billing import rollup
from billing.models import DaySeal, LedgerEntry, LedgerTransaction
from billing.proof import seals
from kernel import clock, ids, postgres
from tests.billing import rows
from tests.billing.proof import lives
from tests.billing.proof.lives import day_before

pytestmark = pytest.mark.django_db


def sealed(workspace: int) -> list[DaySeal]:
    return list(DaySeal.objects.filter(workspace_id=workspace).order_by("no"))


def due(workspace: int) -> list[datetime.date]:
    return seals.due(clock.now()).get(workspace, [])


def test_days_are_sealed_from_the_second_day_after_them_on_oldest_first() -> None:
    workspace = lives.past(sealed=False)
    assert due(workspace) == [day_before(days) for days in (5, 4, 3, 2)]
    assert seals.seal(workspace, due(workspace)) == 4
    assert due(workspace) == []
    made = sealed(workspace)
    assert [(row.no, row.revision, row.events) for row in made] == [(no, 0, 4) for no in (1, 2, 3, 4)]
    assert made[0].sums["cost"] == 4 * 41
    assert made[0].sums["excess"] == 0
    assert rows.findings(workspace) == {}


def test_a_seal_can_be_made_again_without_us() -> None:
    workspace = lives.past()
    first, second = sealed(workspace)[:2]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sums::text FROM billing_day_seal WHERE workspace_id = %s AND no = 2", [workspace]
        )
        [sums] = cursor.fetchone() or ("",)
    days = (second.day - datetime.date(1970, 1, 1)).days
    written = (
        f'(1,{workspace},2,{days},0,{second.through_no},4,"{sums.replace(chr(34), chr(34) * 2)}",'
        f"{bytes(second.events_digest).hex()},{bytes(second.days_digest).hex()},{second.ledger_seq},"
        f"{bytes(second.ledger_digest).hex()})"
    )
    assert hashlib.sha256(bytes(first.seal) + written.encode()).digest() == bytes(second.seal)


def test_a_day_with_an_open_request_is_not_sealed() -> None:
    workspace = rows.workspace()
    lives.settle_on(workspace, day_before(3))
    lives.charge(workspace)
    minute = (day_before(3) - datetime.date(1970, 1, 1)).days * 1440
    rows.admit(workspace, minute_no=minute)
    assert seals.seal(workspace, due(workspace)) == 0
    assert not seals.is_sealed(workspace, day_before(3))
    rows.run("DELETE FROM billing_admission WHERE workspace_id = %s", workspace)
    assert seals.seal(workspace, due(workspace)) == 1
    assert seals.is_sealed(workspace, day_before(3))


def test_what_lies_unposted_is_posted_before_its_day_is_sealed() -> None:
    workspace = rows.workspace()
    lives.settle_on(workspace, day_before(3))
    lives.charge(workspace)
    lives.settle_on(workspace, day_before(3), cost=7)
    assert seals.seal(workspace, due(workspace)) == 1
    [made] = sealed(workspace)
    assert (made.events, made.sums["cost"], made.sums["excess"]) == (2, 7, 7)
    assert rows.account(workspace)["posted"] == -7


def test_nothing_is_sealed_while_a_number_cannot_be_posted(monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = rows.workspace()
    lives.settle_on(workspace, day_before(3))
    lives.charge(workspace)
    lives.settle_on(workspace, day_before(3))
    monkeypatch.setattr(rollup, "post", lambda *_, **__: 0)
    assert seals.seal(workspace, due(workspace)) == 0
    assert sealed(workspace) == []


def test_a_correction_is_covered_by_a_further_revision_and_the_first_stays_true() -> None:
    workspace = rows.workspace()
    request = lives.settle_on(workspace, day_before(3), cost=10, hold=10)
    lives.charge(workspace)
    seals.seal(workspace, due(workspace))
    lives.settle_on(workspace, day_before(3), cost=-4, hold=0, request_id=request, rev=1)
    assert due(workspace) == []
    lives.charge(workspace)
    assert due(workspace) == [day_before(3)]
    assert seals.seal(workspace, due(workspace)) == 1
    assert due(workspace) == []
    first, second = sealed(workspace)
    assert [(row.revision, row.events, row.sums["cost"]) for row in (first, second)] == [
        (0, 1, 10),
        (1, 2, 6),
    ]
    assert {"I13", "I14"} & set(rows.findings(workspace)) == set()


def test_only_the_day_a_correction_is_of_is_due_again() -> None:
    workspace, _ = lives.past(), lives.past()
    lives.settle_on(workspace, day_before(4), cost=-1, rev=1)
    lives.charge(workspace)
    assert due(workspace) == [day_before(4)]
    assert seals.seal(workspace, [day_before(4)]) == 1
    assert due(workspace) == []
    assert seals.seal(workspace, [day_before(4)]) == 0
    lives.settle_on(workspace, day_before(4), cost=-1, rev=2)
    lives.charge(workspace)
    assert due(workspace) == [day_before(4)]


def test_sealing_again_makes_no_second_seal() -> None:
    workspace = lives.past()
    assert seals.seal(workspace, [day_before(5)]) == 0
    assert len(sealed(workspace)) == 4


@pytest.mark.parametrize(("after", "events"), [("-1 us", 1), ("0 us", 3)])
def test_what_was_charged_an_hour_before_a_day_began_is_not_read_for_it(after: str, events: int) -> None:
    workspace, _ = rows.workspace(), lives.past()
    for revision in range(2):
        lives.settle_on(workspace, day_before(9), rev=revision)
        lives.settle_on(workspace, day_before(6))
        lives.charge(workspace)
        assert seals.seal(workspace, [day_before(9)]) == 1
    lives.settle_on(workspace, day_before(6))
    lives.charge(workspace)
    lives.unguarded(
        "billing_day_seal",
        "UPDATE billing_day_seal SET sealed_at ="
        " (%s::timestamp AT TIME ZONE 'UTC') - interval '1 hour' + %s::interval",
        *(day_before(6), after),
    )
    assert seals.seal(workspace, [day_before(6)]) == 1
    assert [row.events for row in sealed(workspace)] == [1, 2, events]


def test_each_seal_takes_in_what_the_ledger_grew_by_since_the_one_before() -> None:
    workspace, _ = lives.past(sealed=False), lives.past()
    for days in (5, 4, 3):
        rows.fund(workspace, days)
        assert seals.seal(workspace, [day_before(days)]) == 1
    assert [row.ledger_seq for row in sealed(workspace)] == [7, 8, 9]
    assert rows.findings(workspace) == {}


@pytest.mark.parametrize(("days", "expected"), [(0, False), (1, False), (2, True), (30, True)])
def test_a_day_without_usage_is_as_good_as_sealed_once_it_is_two_days_over(days: int, expected: bool) -> None:
    assert seals.is_sealed(rows.workspace(), day_before(days)) is expected


def test_a_day_whose_usage_is_not_charged_is_not_sealed() -> None:
    workspace = rows.workspace()
    lives.settle_on(workspace, day_before(4))
    assert not seals.is_sealed(workspace, day_before(4))
    lives.charge(workspace)
    assert not seals.is_sealed(workspace, day_before(4))
    seals.seal(workspace, due(workspace))
    assert seals.is_sealed(workspace, day_before(4))
    assert seals.is_sealed(workspace, day_before(3))


@pytest.mark.parametrize("statement", ["UPDATE {} SET events = 9", "DELETE FROM {}", "TRUNCATE {}"])
def test_seals_are_never_changed(statement: str) -> None:
    lives.past()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        rows.run(statement.format("billing_day_seal"))


def test_a_partition_of_events_cannot_be_emptied_by_its_own_name() -> None:
    month = f"{clock.now():%Y%m}"
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        rows.run(f"TRUNCATE billing_usage_event_{month}")


@pytest.mark.parametrize(
    ("change", "rule", "subject"),
    [
        ("UPDATE billing_usage_event SET latency_ms = latency_ms + 1", "I13", "requests under seal 2"),
        ("UPDATE billing_usage_event SET admitted_at = admitted_at + interval '1 us'", "I13", "requests under seal 2"),
        ("UPDATE billing_usage_event SET tag = tag || ' '", "I13", "requests under seal 2"),
    ],
)  # fmt: skip
def test_a_change_that_no_sum_shows_is_found_under_the_seal(change: str, rule: str, subject: str) -> None:
    workspace = lives.past()
    minute = (day_before(4) - datetime.date(1970, 1, 1)).days * 1440
    where = "WHERE workspace_id = %s AND minute_no = %s"
    assert lives.unguarded("billing_usage_event", f"{change} {where}", workspace, minute) == 1
    found = rows.findings(workspace)
    assert [(day, what) for day, what, *_ in found[rule]] == [(day_before(4), subject)]
    assert [row.subject for row in seals.verify(workspace, day_before(4))] == [subject]
    assert seals.verify(workspace, day_before(3)) == ()


def test_a_ledger_entry_changed_in_words_only_is_found() -> None:
    workspace = lives.past()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT transaction_id FROM billing_ledger_entry WHERE workspace_id = %s AND seq = 1", [workspace]
        )
        [top_up] = cursor.fetchone() or (None,)
    lives.unguarded(
        "billing_ledger_transaction",
        "UPDATE billing_ledger_transaction SET reason = 'x' WHERE id = %s",
        top_up,
    )
    found = rows.findings(workspace)
    assert set(found) == {"I14"}
    assert found["I14"][0][1] == "entries 1 to 6 under seal 1"


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE billing_day_seal SET seal = sha256('x') WHERE workspace_id = %s AND no = 2", {"seal 2", "seal 3"}),
        ("UPDATE billing_day_seal SET sums = '{\"cost\": 1}' WHERE workspace_id = %s AND no = 2", {"seal 2"}),
        ("DELETE FROM billing_day_seal WHERE workspace_id = %s AND no = 1", {"seal 2", "seal of the day"}),
    ],
)  # fmt: skip
def test_a_changed_or_missing_seal_breaks_the_chain(change: str, found: set[str]) -> None:
    workspace = lives.past()
    lives.unguarded("billing_day_seal", change, workspace)
    assert {str(subject) for _, subject, *_ in rows.findings(workspace)["I13"]} == found


@pytest.mark.usefixtures("committed")
def test_two_sealers_at_once_make_one_chain() -> None:
    workspace = lives.past(sealed=False)
    days = due(workspace)
    with psycopg.connect(postgres.conninfo()) as other:
        other.execute("SELECT pg_advisory_xact_lock(hashtextextended('billing.seal', %s))", [workspace])
        rows.run("SET lock_timeout = '100ms'")
        with pytest.raises(OperationalError, match="lock timeout"):
            seals.seal(workspace, days)
        rows.run("RESET lock_timeout")
    assert seals.seal(workspace, days) == 4
    assert [row.no for row in sealed(workspace)] == [1, 2, 3, 4]


def test_the_ledger_digest_grows_with_the_ledger() -> None:
    workspace = lives.past()
    rows.fund(workspace, 5)
    lives.settle_on(workspace, day_before(2), rev=0, request_id=ids.request_id(), cost=3)
    assert LedgerTransaction.objects.filter(workspace_id=workspace).count() == 7
    assert LedgerEntry.objects.filter(workspace_id=workspace).count() == 14
    last = sealed(workspace)[-1]
    assert last.ledger_seq == 6
    assert rows.findings(workspace).keys() <= {"Cost"}
