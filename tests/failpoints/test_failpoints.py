"""At every boundary between statements a process may die, or lose its database: nothing is lost, nothing done twice."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.billing.payments.till import Till

from .forkserver import ForkServer
from .jobs import JOBS
from .payments import payment_jobs
from .playing import Trial, play_gateway, play_jobs, settled
from .points import named
from .rig import Rig
from .scenes import SCENES

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.chaos, pytest.mark.timeout(600)]


def missed(trials: list[Trial]) -> list[str]:
    return [f"{trial.action} at {trial.point}" for trial in trials if not trial.happened]


def wrong(trials: list[Trial]) -> list[str]:
    return [f"{trial.action} at {trial.point}: {trial.wrong}" for trial in trials if trial.wrong]


def test_every_failpoint_of_the_code_is_played(till: Till) -> None:
    played = [*SCENES, *(point for job in (*JOBS, *payment_jobs(till)) for point in job.points)]
    assert sorted(played) == sorted(named())


def test_a_job_that_dies_at_any_of_them_is_done_once(server: ForkServer, home: Path, till: Till) -> None:
    jobs = [*JOBS, *payment_jobs(till)]
    trials = list(play_jobs(server, home, jobs, ["kill", "cut"]))
    # The statement after the last failpoint but one is COMMIT, which nobody hears of.
    trials += play_jobs(server, home, [replace(job, points=job.points[-2:-1]) for job in jobs], ["deaf"])
    assert (missed(trials), wrong(trials)) == ([], [])


def test_a_gateway_that_dies_at_any_of_them_charges_each_request_once(stage: Rig) -> None:
    trials = list(play_gateway(stage, ["kill", "cut"]))
    trials += play_gateway(stage, ["deaf"], points=["settle.begun", "journal.answered"])
    assert (missed(trials), wrong(trials)) == ([], [])
    assert settled(stage) == []
