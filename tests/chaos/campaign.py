"""One campaign: a Tollway under load whose parts are killed, left to come to rest, and compared by its witnesses."""

import asyncio
import json
import subprocess
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from . import load
from .asked import credits_usd, drawn
from .judging import Finding, Judge, judge_markers
from .kills import Killed, carry_out, planned
from .stage import Stage, new_workspace, stage
from .witnesses import EVENTS, Case, Client, cases, read_calls, read_clients, read_events

__all__ = ["Outcome", "Scale", "Watched", "compared", "rest", "run"]

REST_SECONDS = 120.0
POLL_SECONDS = 0.5

_UNREST = """
SELECT (SELECT count(*) FROM billing_admission), coalesce(sum(held), 0), coalesce(sum(open_streams), 0),
  count(*) FILTER (WHERE unbilled <> 0 OR charged_no + 1 < charge_no) FROM billing_account"""

_OVERDRAWN = """
SELECT (SELECT count(*) FROM billing_account WHERE posted - unbilled - held < 0)
  + (SELECT count(*) FROM billing_ledger_entry WHERE account = 'workspace' AND balance_after < 0)"""

_CHARGED_TWICE = """
SELECT workspace_id, charge_no FROM billing_ledger_transaction WHERE kind = 'usage'
GROUP BY workspace_id, charge_no, day HAVING count(*) > 1"""

_UNEQUAL = """
SELECT e.workspace_id, e.cost, coalesce(t.charged, 0) FROM
  (SELECT workspace_id, sum(cost)::bigint AS cost FROM billing_usage_event GROUP BY 1) e
  LEFT JOIN (SELECT t.workspace_id, -sum(l.amount)::bigint AS charged FROM billing_ledger_transaction t
             JOIN billing_ledger_entry l ON l.transaction_id = t.id AND l.account = 'workspace'
             WHERE t.kind = 'usage' GROUP BY 1) t USING (workspace_id)
WHERE e.cost <> coalesce(t.charged, 0)"""

_FRESHNESS = """
SELECT extract(epoch FROM min(t.created_at) - e.recorded_at)::float8
FROM billing_usage_event e JOIN billing_ledger_transaction t
  ON t.workspace_id = e.workspace_id AND t.charge_no = e.charge_no AND t.kind = 'usage'
WHERE e.cost <> 0 GROUP BY e.id, e.recorded_at"""


class Watched(Protocol):
    """A running Tollway as far as it is looked at: the stage is one."""

    @property
    def upstream_log(self) -> Path:
        """Where the upstream writes down its calls."""

    def manage(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run one management command against it."""

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Read from its database."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much: requests and kills over so many seconds of load, and the seed that makes all of it."""

    requests: int
    kills: int
    seconds: float
    seed: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a campaign came to. Times in seconds."""

    scale: Scale
    clients: list[Client]
    killed: list[Killed]
    findings: list[Finding]
    left: dict[str, int]
    overdrawn: int
    audit: dict[str, Any]
    statuses: Counter[str]
    late: int
    note_ages: list[float]
    reaping: list[float]
    freshness: list[float]
    rest: float

    @property
    def recoveries(self) -> list[float]:
        """From each kill to the next complete answer to a request that began after it; endless if none came."""
        return [_recovery(kill, self.clients) for kill in self.killed]

    @property
    def audit_findings(self) -> int:
        """Rows that break a rule of the audit."""
        return sum(rule["broken"] for rule in self.audit["invariants"])

    def number(self, sort: str) -> int:
        """How many findings of a sort there are."""
        return sum(finding.sort == sort for finding in self.findings)

    @property
    def clean(self) -> bool:
        """Whether every promise was kept."""
        return not (self.findings or any(self.left.values()) or self.overdrawn or self.audit_findings)


def run(scale: Scale, home: Path, **settings: str) -> Outcome:
    """Play a campaign. The clients' log is left in `home`, next to a copy of the upstream's."""
    log = home / "clients.jsonl"
    with stage(**settings) as running:
        keys = [
            new_workspace(running, f"Fire {n}", credit_usd=usd)
            for n, usd in enumerate(credits_usd(scale.requests))
        ]
        killed = asyncio.run(_under_fire(running, scale, keys, log))
        began = time.monotonic()
        left = rest(running)
        took = time.monotonic() - began
        (home / "upstream.jsonl").write_bytes(running.upstream_log.read_bytes())
        (home / "up.log").write_bytes(running.log.read_bytes())
        return compared(running, scale, log, killed, left, took)


async def _under_fire(running: Stage, scale: Scale, keys: list[str], log: Path) -> list[Killed]:
    asked = drawn(seed=scale.seed, requests=scale.requests, seconds=scale.seconds)
    plan = planned(seed=scale.seed, kills=scale.kills, seconds=scale.seconds)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(load.play(asked, base_url=running.base_url, keys=keys, log=log))
        killing = tasks.create_task(carry_out(running, plan))
    return killing.result()


def rest(running: Watched) -> dict[str, int]:
    """Wait until nothing is open, held or unposted; return what is left of it after two minutes."""
    deadline = time.monotonic() + REST_SECONDS
    while True:
        ((leases, held, streams, unposted),) = running.rows(_UNREST)
        left = {
            "leases": leases,
            "holds, nano-USD": int(held),
            "stream slots": int(streams),
            "accounts unposted": unposted,
        }
        if not any(left.values()) or time.monotonic() > deadline:
            return left
        time.sleep(POLL_SECONDS)


def compared(
    running: Watched, scale: Scale, log: Path, killed: list[Killed], left: dict[str, int], took: float
) -> Outcome:
    """Compare what the witnesses of a load say; `left` is what was left of it after `took` seconds of rest."""
    clients = read_clients(log)
    found = cases(clients, read_calls(running.upstream_log), read_events(running.rows(EVENTS)))
    judge = Judge(
        outages=[(kill.at, kill.at + _recovery(kill, clients)) for kill in killed if kill.part == "postgres"]
    )
    findings = (
        [finding for case in found for finding in judge.findings(case)]
        + judge_markers(found)
        + _charges(running)
    )
    ages = [age for case in found if (age := judge.note_age(case)) is not None]
    return Outcome(
        scale=scale,
        clients=clients,
        killed=killed,
        findings=findings,
        left=left,
        overdrawn=running.rows(_OVERDRAWN)[0][0],
        audit=_audited(running),
        statuses=Counter(case.events[-1].status for case in found if case.events),
        late=sum(_corrected(case) for case in found),
        note_ages=ages,
        reaping=[seconds for case in found if (seconds := _reaping(case)) is not None],
        freshness=[seconds for (seconds,) in running.rows(_FRESHNESS)],
        rest=took,
    )


def _charges(running: Watched) -> list[Finding]:
    twice = [
        Finding("double", f"workspace {ws}", f"charge {no} posted twice")
        for ws, no in running.rows(_CHARGED_TWICE)
    ]
    unequal = [
        Finding("mismatched", f"workspace {ws}", f"used for {used}, charged {charged}")
        for ws, used, charged in running.rows(_UNEQUAL)
    ]
    return twice + unequal


def _audited(running: Watched) -> dict[str, Any]:
    done = running.manage("audit", "--json")
    if not done.stdout:
        raise RuntimeError(f"the audit did not run: {done.stderr[-2000:]}")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def _reaping(case: Case) -> float | None:
    """Return the seconds from the end that a client saw to the event that the reaper wrote."""
    if case.client is None or not case.events or case.events[0].status != "reaped":
        return None
    return case.events[0].at - case.client.ended_at


def _corrected(case: Case) -> bool:
    return len(case.events) > 1


def _recovery(kill: Killed, clients: list[Client]) -> float:
    return min(
        (
            client.ended_at - kill.at
            for client in clients
            if client.ended == "complete" and client.began > kill.at
        ),
        default=float("inf"),
    )
