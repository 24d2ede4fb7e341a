"""The long run of Schemathesis: `make schema` writes what it came to into docs/schema-campaign.md."""

import os
import subprocess
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import pytest

from accounts import tokens
from kernel import clock
from tests.fakes.gateway import ROOT, Gateway
from tests.schema.running import Outcome, callers, run

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.timeout(4 * 3600)]

EXAMPLES = int(os.environ.get("EXAMPLES", "400"))
LONG_S = 5 * 3600
PAGE = ROOT / "docs" / "schema-campaign.md"
DOCUMENTS = {"v1": "/v1/openapi.json", "site": "/api/schema"}
BEGIN, END = "<!-- run -->\n", "<!-- /run -->\n"


def test_campaign(gateway: Gateway, sandbox: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send every phase of cases over both documents, write the page, and fail for whatever is wrong."""
    monkeypatch.setattr(tokens, "ACCESS_SECONDS", LONG_S)
    who, began, commit = callers(gateway, sandbox), clock.now(), _git("rev-parse", "--short", "HEAD")
    phases = ["--phases", "examples,coverage,fuzzing", "--max-examples", str(EXAMPLES)]
    outcome = Outcome()
    for name, path in DOCUMENTS.items():
        folder = tmp_path / name
        folder.mkdir()
        outcome.add(run(gateway.base_url.removesuffix("/v1") + path, who, phases, folder=folder))
    minutes = (clock.now() - began).total_seconds() / 60
    head, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(head + BEGIN + told(outcome, commit, minutes) + END + rest.partition(END)[2])
    assert not outcome.wrong, "\n\n".join(outcome.wrong)


def told(outcome: Outcome, commit: str, minutes: float) -> str:
    """Return the run as Markdown."""
    lines = [
        f"`make schema EXAMPLES={EXAMPLES}` at {commit} on {clock.now():%Y-%m-%d}, Schemathesis"
        f" {version('schemathesis')}, {minutes:.0f} minutes:",
        f"**{outcome.requests:,} requests to {len(outcome.statuses)} operations, {len(outcome.failures)} failed checks,"
        f" {len(outcome.errors)} errors.**",
        "",
        "| Status | Answers |",
        "| --- | ---: |",
        *(f"| {status} | {number:,} |" for status, number in sorted(outcome.by_status.items())),
        "",
        "| Check | Times |",
        "| --- | ---: |",
        *(f"| `{name}` | {number:,} |" for name, number in sorted(outcome.checks.items())),
        "",
        "| Operation | Requests | Answers by status |",
        "| --- | ---: | --- |",
        *(_row(place, outcome.statuses[place]) for place in sorted(outcome.statuses)),
    ]
    return "\n".join(lines) + "\n"


def _row(place: str, counted: Counter[str]) -> str:
    by_status = ", ".join(f"{status}: {number:,}" for status, number in sorted(counted.items()))
    return f"| `{place}` | {counted.total():,} | {by_status} |"


def _git(*words: str) -> str:
    command = ["git", "-c", "safe.directory=*", "-C", str(ROOT), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
