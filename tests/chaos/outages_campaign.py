"""The long run of outages: `make outages` writes what it came to into docs/outages-campaign.md."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import DjangoDbBlocker

from tests.fakes.gateway import ROOT, running_gateway
from tests.fakes.upstream import running_sandbox
from tests.fakes.valkey import own_valkey

from .background import beating, sweeping
from .outage import own_postgres
from .outages_database import database_away
from .outages_measured import caps, dead_process, drained, fresh, killed, redis_away, restarted
from .outages_report import Line, told
from .page import commit, written
from .town import Town

pytestmark = [pytest.mark.timeout(7200), pytest.mark.usefixtures("committed")]

SECONDS = float(os.environ.get("SECONDS", "60"))
REQUESTS = int(os.environ.get("REQUESTS", "50000"))
STREAMS = int(os.environ.get("STREAMS", "50"))
PAGE = ROOT / "docs" / "outages-campaign.md"


@pytest.fixture
def town(committed: None, tmp_path: Path) -> Iterator[Town]:
    """Two gateways, a worker that is started again when it ends, and a beat, with all settings as in production."""
    log = tmp_path / "calls.jsonl"
    with own_valkey() as valkey, running_sandbox(log) as sandbox:
        redis: dict[str, Any] = {"REDIS_URL": valkey.url}
        with (
            sweeping(again=True, **redis),
            beating(**redis),
            running_gateway(**redis) as one,
            running_gateway(**redis) as other,
        ):
            yield Town([one, other], valkey, sandbox, log)


def test_campaign(
    town: Town, tmp_path: Path, capsys: pytest.CaptureFixture[str], django_db_blocker: DjangoDbBlocker
) -> None:
    """Measure everything, print and write the table, and fail for every broken promise."""
    began, at = time.monotonic(), commit()
    lines: list[Line] = []
    for measured in (
        caps(town, requests=REQUESTS),
        redis_away(town, seconds=SECONDS),
        killed(town, streams=STREAMS),
        drained(town, streams=STREAMS),
        dead_process(town, streams=STREAMS),
        restarted(town),
        fresh(town, seconds=SECONDS),
    ):
        lines += _shown(measured, capsys)
    with own_postgres() as postgres:
        lines += _shown(database_away(postgres, tmp_path / "journals", seconds=SECONDS / 2), capsys)
    command = f"make outages SECONDS={SECONDS:g} REQUESTS={REQUESTS} STREAMS={STREAMS}"
    report = told(lines, command=command, commit=at, seconds=time.monotonic() - began)
    with capsys.disabled():
        sys.stdout.write("\n" + report)
    PAGE.write_text(written(PAGE.read_text(), report))
    broken = [f"{line.goal}: {line.done}: {line.found}" for line in lines if line.exact and not line.kept]
    assert not broken, "\n".join(broken)


def _shown(measured: Iterator[Line], capsys: pytest.CaptureFixture[str]) -> list[Line]:
    lines = []
    for line in measured:
        with capsys.disabled():
            sys.stdout.write(
                f"\n{line.goal}: {line.done}: {line.found} ({'kept' if line.kept else 'NOT KEPT'})"
            )
            sys.stdout.flush()
        lines.append(line)
    return lines
