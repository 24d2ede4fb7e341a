"""The strip of the home: each cell is quiet up to its bound, and says so beyond."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing import broker
from billing.glance.integrity import Cell, integrity
from billing.models import AuditRun, StripeEvent
from billing.proof.verdict import STALE_AFTER
from kernel import clock, degraded, modes
from tests.billing import rows

pytestmark = pytest.mark.django_db

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
SAID = broker.Said(queued=0)


@pytest.fixture(autouse=True)
def _nobody_else() -> None:
    """Take away what tests that commit have left behind; the transaction brings it back."""
    rows.run("DELETE FROM billing_admission")
    rows.run("UPDATE billing_account SET unbilled = 0 WHERE unbilled <> 0")
    for table in ("billing_part", "billing_audit_run", "billing_stripe_event"):
        rows.run(f"DELETE FROM {table}")


@pytest.fixture
def now() -> datetime:
    return clock.now().replace(hour=12, minute=30, second=0, microsecond=0)


def cells(now: datetime, said: broker.Said = SAID) -> dict[str, Cell]:
    return {cell.name: cell for cell in integrity(now, said).cells}


def told(now: datetime, name: str, said: broker.Said = SAID) -> tuple[str, str, str]:
    cell = cells(now, said)[name]
    return cell.says, cell.below, cell.state


def audited(ended: datetime, *, kind: str = "window", broken: int = 0, holding: int = 2) -> AuditRun:
    finding = {"workspace_id": 1, "day": "2026-11-20", "subject": kind, "expected": 1, "found": 2}
    rule: dict[str, Any] = {"says": "", "compared": 1, "seconds": 0.1}
    rules = [{**rule, "name": f"held {number}", "broken": 0, "findings": []} for number in range(holding)]
    rules += [
        {**rule, "name": f"broken {number}", "broken": 1, "findings": [finding]} for number in range(broken)
    ]
    return AuditRun.objects.create(
        kind=kind, actor="t", started_at=ended, ended_at=ended, rules=rules, broken=broken
    )


def part(kind: str, name: str, heard: datetime) -> None:
    rows.run("INSERT INTO billing_part VALUES (%s, %s, 'h', 1, %s, '{}')", name, kind, heard)


def test_without_an_audit_that_is_said(now: datetime) -> None:
    assert told(now, "Audit") == ("none yet", "every five minutes", "warned")
    assert integrity(now, SAID).findings == []


@pytest.mark.parametrize(("ago", "state"), [(STALE_AFTER, ""), (STALE_AFTER + SECOND, "warned")])
def test_an_audit_that_is_old_is_warned_of_unless_another_is_newer(
    ago: timedelta, state: str, now: datetime
) -> None:
    audited(now - ago)
    assert cells(now)["Audit"].state == state
    audited(now - ago - MINUTE, kind="whole")
    assert cells(now)["Audit"].state == state
    audited(now - SECOND, kind="whole")
    assert cells(now)["Audit"].state == ""


def test_the_last_audit_of_each_kind_counts_and_what_is_broken_is_shown_first(now: datetime) -> None:
    audited(now - 9 * MINUTE, broken=1)  # over, and green since
    audited(now - 2 * MINUTE)
    red = audited(now - 5 * MINUTE, kind="whole", broken=1, holding=3)
    AuditRun.objects.create(kind="whole", actor="t", started_at=now, rules=[])  # has not ended
    found = integrity(now, SAID)
    [audit] = [cell for cell in found.cells if cell.name == "Audit"]
    assert (audit.says, audit.below, audit.state) == ("3 of 4 hold", "5 min ago", "failed")
    assert audit.url.endswith(f"/{red.pk}/change/")
    assert [(name, finding["subject"]) for name, finding in found.findings] == [("broken 0", "whole")]


@pytest.mark.parametrize(("over", "state"), [(timedelta(), ""), (SECOND, "warned")])
def test_a_charge_that_waits_a_minute_beyond_its_budget_is_warned_of(
    over: timedelta, state: str, now: datetime, settings: Any
) -> None:
    settings.CHARGE_AFTER_SECONDS = 5
    assert told(now, "Roll-up lag")[0::2] == ("none", "")
    rows.settle(rows.workspace(), cost=1, recorded_at=now - 65 * SECOND - over)
    says, below, said = told(now, "Roll-up lag")
    assert (bool(says), below, said) == (True, "budget 5 s", state)
    assert says != "none"


@pytest.mark.parametrize(("over", "state"), [(timedelta(), ""), (SECOND, "warned")])
def test_a_hold_that_is_older_than_a_request_can_be_is_warned_of(
    over: timedelta, state: str, now: datetime
) -> None:
    assert told(now, "Open holds") == ("0", "no request is open", "")
    workspace = rows.workspace()
    rows.admit(workspace, admitted_at=now - SECOND)
    rows.admit(workspace, admitted_at=now - 15 * MINUTE - over)
    assert told(now, "Open holds") == ("2", "oldest 15 min", state)


def test_a_mode_that_holds_is_told_with_when_it_began(now: datetime) -> None:
    degraded.note(modes.REDIS, held=True)
    [held] = degraded.current()
    assert told(now, "Degraded") == ("redis", f"since {held.since:%H:%M} UTC", "failed")
    degraded.note(modes.REDIS, held=False)
    assert told(now, "Degraded") == ("none", "nothing is away", "")


def test_events_of_stripe_are_counted_of_today(now: datetime, settings: Any) -> None:
    settings.STRIPE_SECRET_KEY = ""
    assert told(now, "Webhooks failed") == ("0", "Stripe is not set up", "")
    settings.STRIPE_SECRET_KEY = "sk_test_1"
    assert told(now, "Webhooks failed") == ("0", "of 0 today", "")
    settings.STRIPE_SECRET_KEY = ""
    midnight = datetime(now.year, now.month, now.day, tzinfo=UTC)
    for number, (outcome, received) in enumerate(
        (("refused", midnight), ("noted", now), ("refused", midnight - SECOND))
    ):
        StripeEvent.objects.create(
            event_id=f"evt_{number}", type="x", livemode=True, payload_sha256=b"x" * 32, outcome=outcome,
            created_at=received, received_at=received,
        )  # fmt: skip
    found = cells(now)["Webhooks failed"]
    assert (found.says, found.below, found.state) == ("1", "of 2 today", "warned")
    assert found.url.endswith("?outcome__exact=refused")


@pytest.mark.parametrize(
    ("queued", "says", "state"),
    [
        (0, "0 waiting", ""),
        (1_000, "1,000 waiting", ""),
        (1_001, "1,001 waiting", "warned"),
        (None, "unknown", "warned"),
    ],
)
def test_a_queue_that_is_long_or_not_known_is_warned_of(
    queued: int | None, says: str, state: str, now: datetime
) -> None:
    part("sweep", "sweep", now - SECOND)
    part("web", "web 1", now - SECOND)
    assert told(now, "Queue", broker.Said(queued=queued)) == (says, "swept 1 s ago, 1 process", state)


def test_a_sweep_that_is_silent_is_warned_of(now: datetime, settings: Any) -> None:
    settings.BACKGROUND_SILENCE_SECONDS = 120
    assert told(now, "Queue") == ("0 waiting", "no sweep yet, 0 processes", "warned")
    for ago, state in ((121, "warned"), (120, "")):
        part("sweep", f"sweep {ago}", now - ago * SECOND)
        assert cells(now)["Queue"].state == state
    for number in (1, 2):
        part("web", f"web {number}", now)
    part("web", "gone", now - timedelta(hours=1))
    assert told(now, "Queue")[1] == "swept 2 min ago, 2 processes"


def test_what_was_reaped_today_is_counted() -> None:
    says, below, _ = told(now := clock.now(), "Reaped")
    before = int(says.split()[0])
    assert before or below == "left by dead processes"
    workspace = rows.workspace()
    rows.settle(workspace, status="reaped", recorded_at=clock.now() - 3 * MINUTE)
    rows.settle(workspace, status="reaped", recorded_at=clock.now() - 2 * MINUTE)
    rows.settle(workspace)
    assert cells(now)["Reaped"].says == f"{before + 2} today"
    assert before or cells(clock.now())["Reaped"].below == "2 min ago"
