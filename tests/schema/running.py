"""A run of Schemathesis against a running gateway: who calls, how much is sent, and what it came to."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accounts import management_tokens
from accounts.models import Member, Workspace
from tests.accounts.rows import PASSWORD, person
from tests.fakes.cast import customer, model
from tests.fakes.gateway import ROOT, Gateway
from tests.fakes.signed_in import signed_in

CONFIG = Path(__file__).with_name("schemathesis.toml")
PROGRAM = "from schemathesis.cli import schemathesis; schemathesis(prog_name='schemathesis')"
CREDIT_USD = "100000"
# The run ends by itself; this is for the case that it does not.
LONGEST_S = 3 * 3600


@dataclass
class Outcome:
    """What a run came to: answers by operation and status, and each failure of a check once."""

    statuses: dict[str, Counter[str]] = field(default_factory=dict)
    checks: Counter[str] = field(default_factory=Counter)
    failures: dict[tuple[str, str, str], str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        """Take in what another run came to, over other operations."""
        self.statuses |= other.statuses
        self.checks += other.checks
        self.failures |= other.failures
        self.errors += other.errors

    @property
    def requests(self) -> int:
        """How many requests were sent."""
        return sum(counted.total() for counted in self.statuses.values())

    @property
    def by_status(self) -> Counter[str]:
        """Answers by status."""
        return sum(self.statuses.values(), Counter())

    @property
    def wrong(self) -> list[str]:
        """What failed, for a reader."""
        told = [f"{place}: {check}: {title}\n{text}" for (place, check, title), text in self.failures.items()]
        return told + self.errors


def callers(gateway: Gateway, sandbox: str) -> dict[str, str]:
    """Save a customer with credit, models of every kind and a person of another workspace; return the environment.

    The person is elsewhere because they end keys, and the customer's must last.
    """
    who = customer(credit_usd=CREDIT_USD, stream_cap=1000)
    models = {
        "CHAT": model((sandbox, "sandbox/plain")),
        "FAILING": model((sandbox, "sandbox/error-500")),
        "EMBEDDING": model((sandbox, "m"), capability="embedding", max_output_tokens=1),
        "RERANK": model((sandbox, "m"), capability="rerank", max_output_tokens=1),
        "IMAGE": model((sandbox, "m"), capability="image", rates={"image": 40_000_000}),
    }
    gateway.knows(who.secret, *models.values())
    person = signed_in(customer().workspace)
    answered = gateway.chat(who.secret, models["CHAT"])
    return {
        "SCHEMA_KEY": who.secret,
        "SCHEMA_TOKEN": person.access,
        "SCHEMA_MANAGEMENT": _management(customer().workspace),
        "SCHEMA_EMAIL": person.user.email,
        "SCHEMA_PASSWORD": PASSWORD,
        "SCHEMA_REQUEST": answered.headers["x-request-id"],
        **{f"SCHEMA_MODEL_{kind}": name for kind, name in models.items()},
    }


def _management(workspace: Workspace) -> str:
    """Return a token that manages a workspace which nobody else calls for."""
    owner = Member.objects.select_related("user").get(workspace=workspace, user=person(workspace))
    return management_tokens.make(owner, name="schema", scope="write", expires_at=None)[1]


def run(url: str, callers: dict[str, str], arguments: Sequence[str], *, folder: Path) -> Outcome:
    """Run Schemathesis over the document at a URL. Raises RuntimeError if it did not come to an end."""
    report = folder / "events.ndjson"
    command = [sys.executable, "-c", PROGRAM, "--config-file", str(CONFIG), "run", url, "--no-color"]
    command += ["--report", "ndjson", "--report-ndjson-path", str(report), *arguments]
    paths = os.pathsep.join([str(ROOT), str(ROOT / "platform")])
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **callers, "PYTHONPATH": paths, "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    if done.returncode not in (0, 1) or not report.is_file():
        raise RuntimeError(
            f"Schemathesis ended with {done.returncode}: {done.stdout[-5000:]}{done.stderr[-5000:]}"
        )
    return _outcome(report)


def _outcome(report: Path) -> Outcome:
    outcome = Outcome()
    with report.open() as lines:
        for line in lines:
            event = json.loads(line)
            if "ScenarioFinished" in event:
                _take(outcome, event["ScenarioFinished"]["recorder"])
            outcome.errors += [json.dumps(event[name])[:2000] for name in _ERRORS if name in event]
    return outcome


_ERRORS = ("NonFatalError", "FatalError")


def _take(outcome: Outcome, recorder: dict[str, Any]) -> None:
    place = recorder["label"]
    counted = outcome.statuses.setdefault(place, Counter())
    for exchange in recorder.get("interactions", {}).values():
        answer = exchange.get("response")
        counted[str(answer["status_code"]) if answer else "none"] += 1
    for check in _checks(recorder):
        outcome.checks[check["name"]] += 1
        if check["status"] == "failure":
            failure = check["failure_info"]["failure"]
            told = f"{failure['message'][:1500]}\n{check['failure_info'].get('code_sample', '')[:600]}"
            outcome.failures.setdefault((place, check["name"], failure["title"]), told)


def _checks(recorder: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for found in recorder.get("checks", {}).values():
        yield from found
