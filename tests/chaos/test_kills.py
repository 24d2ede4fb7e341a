"""Every part is killed under load: nothing lost, nothing twice, nothing left, the audit clean."""

import sys
from pathlib import Path

import pytest

from .campaign import Scale, run

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(420)]
# Far apart: beside other tests a web process can need twenty seconds to start, and callers are to be answered between.
SCALE = Scale(requests=200, kills=4, seconds=60, seed=20261121)


def test_nothing_is_lost_and_nothing_charged_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = run(
        SCALE,
        tmp_path,
        TOLLWAY_WORKER_SILENCE_SECONDS="4",
        TOLLWAY_CHARGE_AFTER_SECONDS="1",
        TOLLWAY_SWEEP_SECONDS="1",
    )
    complete = sum(client.ended == "complete" for client in outcome.clients)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{len(outcome.killed)} kills, {len(outcome.clients)} requests, {complete} complete\n"
        )
    assert not outcome.findings, "\n".join(
        f"{each.sort} {each.request_id}: {each.why}" for each in outcome.findings
    )
    assert not any(outcome.left.values()), outcome.left
    assert outcome.overdrawn == 0
    assert outcome.audit_findings == 0, outcome.audit
    assert len(outcome.killed) == SCALE.kills
    assert len(outcome.clients) == SCALE.requests
    assert complete > 5 * SCALE.kills, "callers are answered between the kills"
    assert {client.stream for client in outcome.clients if client.ended == "complete"} == {True, False}
