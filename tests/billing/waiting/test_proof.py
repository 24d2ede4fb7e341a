"""What the proof waits for."""

from datetime import timedelta

import pytest

from billing.models import AuditRun
from billing.waiting import proof
from billing.waiting.item import Weight
from kernel import clock

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
