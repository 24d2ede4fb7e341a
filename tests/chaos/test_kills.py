"""Web, worker and PostgreSQL are killed ten times each under load: nothing lost, nothing twice, the audit clean."""

import asyncio
import random
import sys
import time

import pytest

from .load import Heard, Load
from .stage import Stage, new_workspace, stage

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(420)]
PARTS = ("worker", "web", "postgres")
ROUNDS = 10
PAUSE = 4.0  # with three parts each lives twelve seconds: longer than what the supervisor calls a quick death
SEED = 20261121


async def kill_in_turn(running: Stage, random_: random.Random) -> int:
    kills = 0
    for _ in range(ROUNDS):
        for part in random_.sample(PARTS, len(PARTS)):
            await asyncio.sleep(PAUSE * random_.uniform(0.9, 1.1))
            for _ in range(100):
                if await asyncio.to_thread(running.processes, part):
                    break
                await asyncio.sleep(0.1)
            else:
                pytest.fail(f"{part} did not come back:\n{running.log.read_text()[-3000:]}")
            await asyncio.to_thread(running.kill, part)
            kills += 1
    return kills


async def under_fire(running: Stage, load: Load) -> int:
    loading = asyncio.create_task(load.run(len(PARTS) * ROUNDS * PAUSE * 1.1 + 6))
    kills = await kill_in_turn(running, random.Random(SEED))
    await loading
    return kills


def wait_until_quiet(running: Stage) -> None:
    deadline = time.monotonic() + 60
    sql = (
        "SELECT (SELECT count(*) FROM billing_admission) + (SELECT count(*) FROM billing_account"
        " WHERE unbilled <> 0 OR held <> 0 OR open_streams <> 0 OR charged_no + 1 < charge_no)"
    )
    while time.monotonic() < deadline:
        if running.rows(sql) == [(0,)]:
            return
        time.sleep(0.5)
    pytest.fail(f"not quiet after 60 s: {running.rows('SELECT * FROM billing_account')}")


def check_witness(running: Stage, heard: list[Heard]) -> None:
    """What a client was told in full is in the database, once, with the same tokens."""
    events = {
        str(request): (status, prompt, completion)
        for request, status, prompt, completion in running.rows(
            "SELECT request_id, min(status) FILTER (WHERE rev = 0), sum(input_tokens + cached_tokens)::bigint,"
            " sum(output_tokens + reasoning_tokens)::bigint FROM billing_usage_event GROUP BY 1"
        )
    }
    lost = [item.request_id for item in heard if item.request_id not in events]
    wrong = [
        (item, events[item.request_id])
        for item in heard
        if item.request_id in events
        and events[item.request_id][1:] != (item.prompt_tokens, item.completion_tokens)
    ]
    assert not lost
    assert not wrong


def test_nothing_is_lost_and_nothing_charged_twice(capsys: pytest.CaptureFixture[str]) -> None:
    settings = {
        "TOLLWAY_WORKER_SILENCE_SECONDS": "4",
        "TOLLWAY_CHARGE_AFTER_SECONDS": "1",
        "TOLLWAY_SWEEP_SECONDS": "1",
    }
    with stage(**settings) as running:
        load = Load(running.base_url, new_workspace(running, "Under fire"))
        kills = asyncio.run(under_fire(running, load))
        wait_until_quiet(running)
        audit = running.manage("audit")
        with capsys.disabled():
            sys.stdout.write(
                f"\n{kills} kills, {len(load.complete)} complete answers, {load.broken} broken,"
                f" {load.refused} refused\n{audit.stdout}"
            )
        assert kills == 3 * ROUNDS
        assert len(load.complete) > 200
        assert audit.returncode == 0, audit.stdout + audit.stderr
        check_witness(running, load.complete)
