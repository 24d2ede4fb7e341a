"""What the proof waits for."""

from datetime import timedelta

import pytest

from billing.models import AuditRun
from billing.proof.verdict import STALE_AFTER
from billing.waiting import proof
from billing.waiting.item import Weight
from kernel import clock, degraded, modes

pytestmark = pytest.mark.django_db

NOW = clock.now()


def test_an_audit_that_found_something_waits_and_one_that_did_not_come() -> None:
    assert proof.find_audits(NOW) == []
    AuditRun.objects.create(kind="window", actor="t", started_at=NOW, ended_at=NOW)
    assert proof.find_audits(NOW) == []
    assert [item.key for item in proof.find_audits(NOW + timedelta(minutes=16))] == ["audits:none"]
    red = AuditRun.objects.create(kind="window", actor="t", started_at=NOW, ended_at=NOW, broken=2)
    AuditRun.objects.create(
        kind="window", actor="t", started_at=NOW + timedelta(minutes=5), ended_at=NOW, broken=2
    )
    [item] = proof.find_audits(NOW)
    assert (item.title, item.weight, item.since) == ("Audit: 2 findings", Weight.FAILS, red.started_at)


def audit(minute: int, *, kind: str = "window", broken: int = 0, ended: bool = True) -> AuditRun:
    at = NOW + timedelta(minutes=minute)
    return AuditRun.objects.create(
        kind=kind,
        actor="t",
        started_at=at,
        ended_at=at + timedelta(seconds=1) if ended else None,
        broken=broken,
    )


def test_an_audit_is_red_since_the_first_of_its_own_unbroken_row() -> None:
    audit(0, broken=9)
    audit(5)
    first = audit(10, broken=1)
    audit(12, kind="whole", broken=0)
    audit(15, broken=3)
    audit(20, broken=0, ended=False)  # has not come to its end
    [item] = proof.find_audits(NOW + timedelta(minutes=60))
    assert (item.key, item.since, item.title) == (
        f"audit:window:{first.started_at}", first.started_at, "Audit: 3 findings",
    )  # fmt: skip
    assert (item.detail, item.measure) == ("over the last days; a rule of the money does not hold", 3)
    audit(25, kind="whole", broken=1)
    both = proof.find_audits(NOW)
    assert {each.title for each in both} == {"Audit: 3 findings", "Audit: 1 finding"}
    assert [each.detail.split(";")[0] for each in both if each.measure == 1] == ["over everything"]
    audit(30)
    audit(30, kind="whole")
    assert proof.find_audits(NOW) == []


@pytest.mark.parametrize(("late", "told"), [(timedelta(), False), (timedelta(seconds=1), True)])
def test_audits_are_missed_after_a_quarter_of_an_hour_without_any_of_them(
    late: timedelta, told: bool
) -> None:
    audit(0)
    newest = audit(7, kind="whole")
    assert newest.ended_at is not None
    found = proof.find_audits(newest.ended_at + STALE_AFTER + late)
    assert [(item.key, item.since) for item in found] == ([("audits:none", newest.ended_at)] if told else [])


def test_a_journal_that_needs_a_person_waits_while_the_mode_holds() -> None:
    assert proof.find_journals(NOW) == []
    try:
        degraded.note(modes.REDIS, held=True)
        assert proof.find_journals(NOW) == []
        degraded.note(modes.KEPT, held=True)
        [item] = proof.find_journals(NOW)
        assert (item.title, item.weight) == (modes.KEPT.title, Weight.FAILS)
        assert item.key == f"journal:{item.since:%Y-%m-%d}"
    finally:
        for mode in (modes.REDIS, modes.KEPT):
            degraded.note(mode, held=False)
