"""What the bench reads of processes."""

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from bench.speed import meters
from bench.speed.targets import process

BURN = "import time\nwhile time.process_time() < 0.3: pass\n"
PARENT = f"""import subprocess, sys, time
subprocess.run([sys.executable, "-c", {BURN!r}])
print("burnt", flush=True)
time.sleep(60)"""


def test_cpu_is_that_of_a_process_and_all_below_it() -> None:
    with process([sys.executable, "-c", PARENT], core=None, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "burnt\n"
        assert meters.cpu_seconds(parent.pid) >= 0.29


def test_memory_is_some() -> None:
    assert 10**6 < meters.memory_bytes(os.getpid()) < 10**11


@pytest.mark.parametrize("read", [meters.cpu_seconds, meters.memory_bytes])
def test_a_process_that_has_ended_is_an_error(read: Callable[[int], float]) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    with pytest.raises(ProcessLookupError):
        read(ended.pid)


def test_what_is_started_on_a_core_stays_there_and_we_do_not() -> None:
    before = os.sched_getaffinity(0)
    core = min(before)
    with process([sys.executable, "-c", "import time; time.sleep(60)"], core=core) as started:
        assert os.sched_getaffinity(started.pid) == {core}
    assert os.sched_getaffinity(0) == before


@pytest.mark.parametrize(
    ("allowed", "load", "gateway"), [({3}, None, None), ({0, 1}, 0, 1), ({2, 5, 7}, 2, 5)]
)
def test_load_and_gateways_have_a_core_each_where_there_are_two(
    allowed: set[int], load: int | None, gateway: int | None
) -> None:
    cores = meters.Cores(allowed)
    assert (cores.load, cores.gateway) == (load, gateway)
