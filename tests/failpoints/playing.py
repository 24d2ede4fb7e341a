"""One run over all failpoints: each hit by each kind of fault, all started again, and what the witnesses say then."""

import signal
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.db import connection

from billing import leases, sweeps
from kernel import clock
from tests.billing import rows
from tests.chaos.judging import Judge, judge_markers
from tests.chaos.witnesses import EVENTS, Case, Event, cases, read_calls

from .faults import Action, Fault, Plan, hits
from .forkserver import ForkServer
from .jobs import Job, Told
from .rig import Rig
from .roles import JOB
from .scenes import AT_START, SCENES, play

__all__ = ["Trial", "play_gateway", "play_jobs", "settled"]

AGAIN_SECONDS = 15.0
_OURS = f"""
SELECT * FROM ({EVENTS}) e WHERE e.request_id IN (
    SELECT request_id::text FROM billing_usage_event WHERE workspace_id = ANY (%s))"""


@dataclass(frozen=True, slots=True)
class Trial:
    """One fault at one failpoint: whether it happened, and what was wrong when all was done again."""

    point: str
    action: Action
    happened: bool
    wrong: str = ""


def play_jobs(
    server: ForkServer, home: Path, jobs: Sequence[Job], actions: Sequence[Action], *, apart: bool = False
) -> Iterator[Trial]:
    """Have each job die, or lose its database, at each of its failpoints, and in the end do it twice.

    One piece of work goes through all of a job's deaths; `apart`, each death has one of its own.
    """
    plan = Plan(home / "job.json", home / "job-hits.jsonl")
    for job in jobs:
        for action in actions:
            for points in [[point] for point in job.points] if apart else [job.points]:
                yield from _job(server, plan, job, [Fault(point, action) for point in points])


def _job(server: ForkServer, plan: Plan, job: Job, faults: Sequence[Fault]) -> Iterator[Trial]:
    work = [job.prepared()]
    happened = [_dies(server, plan, job, work, fault) for fault in faults]
    wrong = [found for told in work if (found := _not_done(job, told))]
    for fault, hit in zip(faults, happened, strict=True):
        yield Trial(fault.point, fault.action, hit, "; ".join(map(str, wrong)))


def _not_done(job: Job, told: Told) -> object:
    wrong, deadline = job.done_again(told), time.monotonic() + AGAIN_SECONDS
    while wrong and time.monotonic() < deadline:  # the session of the dead may hold its locks for a moment
        wrong = job.done_again(told)
    return wrong or job.done_again(told) or rows.findings(told["workspace"])


def _dies(server: ForkServer, plan: Plan, job: Job, work: list[Told], fault: Fault) -> bool:
    """Have a process do the job with a fault; tell whether that happened, and ended it as it should.

    Where somebody else was first, a gateway with its own reaper, there is more work to be made.
    """
    plan.write([fault])
    before, deadline = len(hits(plan.log)), time.monotonic() + AGAIN_SECONDS
    while time.monotonic() < deadline:
        forked = server.fork(JOB, plan=[str(plan.path), str(plan.log)], does=job.role, told=work[-1])
        code = forked.ended()
        if len(hits(plan.log)) > before:
            return (code == -signal.SIGKILL) == (fault.action == "kill")
        work.append(job.prepared())
    return False


def play_gateway(rig: Rig, actions: Sequence[Action], *, points: Iterable[str] = SCENES) -> Iterator[Trial]:
    """Have the gateway die, or lose its database, at each of these failpoints; those of its start last."""
    for action in actions:
        for point in sorted(points, key=lambda point: point in AT_START):
            yield _scene(rig, Fault(point, action))


def _scene(rig: Rig, fault: Fault) -> Trial:
    try:
        return Trial(fault.point, fault.action, play(rig, fault.point, fault.action))
    except AssertionError as error:
        rig.kill()
        return Trial(fault.point, fault.action, False, str(error))


def settled(rig: Rig) -> list[str]:
    """Bring everything to rest as production would, and return what the witnesses do not agree on."""
    rig.alive()
    rig.eventually(lambda: not any(each.open_requests() for each in rig.customers))
    rig.stop()
    leases.reap(clock.now() + timedelta(hours=1))
    ours = [each.workspace.pk for each in rig.customers]
    sweeps.charge(ours, actor="test", seconds=60)
    found = _cases(rig, ours)
    judge = Judge(outages=rig.outages)
    findings = [*(each for case in found for each in judge.findings(case)), *judge_markers(found)]
    return [
        *(f"{each.sort} {each.request_id}: {each.why}" for each in findings),
        *(wrong for workspace in ours for wrong in _books(workspace)),
        *(f"left over: {path.name}" for path in (rig.home / "journals").iterdir()),
    ]


def _cases(rig: Rig, workspaces: list[int]) -> list[Case]:
    with connection.cursor() as cursor:
        cursor.execute(_OURS, [workspaces])
        events = [Event(*row) for row in cursor.fetchall()]
    return cases(rig.heard(), read_calls(rig.upstream_log), events)


def _books(workspace: int) -> Iterable[str]:
    account = rows.account(workspace)
    for name in ("held", "open_streams", "unbilled"):
        if account[name]:
            yield f"workspace {workspace}: {name} is {account[name]}"
    yield from (f"audit of {workspace}, {rule}: {found}" for rule, found in rows.findings(workspace).items())
