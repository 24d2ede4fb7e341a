"""The supervisor, on real small processes: order, restarts, the end."""

import contextlib
import io
import os
import signal
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO

import pytest

from config.supervisor import loop
from config.supervisor.lines import Lines
from config.supervisor.loop import Supervisor
from config.supervisor.plan import Command, Plan, Step
from config.supervisor.state import UpError, port_taken
from tests.fakes.ports import free_port
from tests.kernel.engine_homes import eventually

TOY = str(Path(__file__).with_name("toy_service.py"))


@pytest.fixture
def screen() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def lines(tmp_path: Path, screen: io.StringIO) -> Iterator[Lines]:
    with contextlib.closing(Lines(tmp_path, screen)) as shown:
        yield shown


class Toys:
    """A plan of toy services named as the real ones."""

    def __init__(self, tmp_path: Path) -> None:
        self.ledger = tmp_path / "ended"
        self.ports = {name: free_port() for name in ("web", "worker", "sandbox")}

    def service(self, name: str, label: str = "") -> Command:
        port = self.ports[name]
        argv = (sys.executable, TOY, str(port), label or name, str(self.ledger))
        return Command(name, argv, ready_url=f"http://127.0.0.1:{port}/", stop_seconds=5.0)

    def plan(self, *steps: Step) -> Plan:
        return Plan(
            steps=steps,
            services=tuple(self.service(name) for name in ("sandbox", "web", "worker")),
            stop_order=(("web",), ("worker",), ("sandbox",)),
            environment=dict(os.environ),
        )

    def pid(self, name: str) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[name]}/", timeout=5) as answer:
            return int(answer.read())

    def ended(self) -> list[str]:
        return self.ledger.read_text().split() if self.ledger.exists() else []


@pytest.fixture
def toys(tmp_path: Path) -> Toys:
    return Toys(tmp_path)


def meanwhile(act: Callable[[], None]) -> Callable[[], None]:
    """What the supervisor calls once ready: act beside it in a thread."""
    return lambda: threading.Thread(target=act).start()


def test_services_are_ready_when_told_and_end_in_order(toys: Toys, lines: Lines) -> None:
    supervisor = Supervisor(toys.plan(), lines)
    seen: list[int] = []

    def look() -> None:
        seen.extend(toys.pid(name) for name in toys.ports)
        supervisor.ask_to_stop()

    supervisor.run(None, look)
    assert len(set(seen)) == 3
    assert toys.ended() == ["web", "worker", "sandbox"]


def test_a_service_that_comes_after_another_begins_when_that_one_is_ready(toys: Toys, lines: Lines) -> None:
    plan = toys.plan()
    sandbox, web, worker = plan.services
    waiting = replace(worker, after="web")
    supervisor = Supervisor(replace(plan, services=(waiting, sandbox, web)), lines)
    supervisor.run(None, supervisor.ask_to_stop)
    assert list(supervisor.processes) == ["sandbox", "web", "worker"]
    assert "worker" in toys.ended()


def test_one_whose_forerunner_never_gets_ready_is_not_begun(
    toys: Toys, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "READY_SECONDS", 1.0)
    plan = toys.plan()
    sandbox, web, worker = plan.services
    mute = replace(web, ready_url=None, ready_line=b"never said")
    supervisor = Supervisor(replace(plan, services=(sandbox, mute, replace(worker, after="web"))), lines)
    with pytest.raises(UpError, match=r"Not ready within 1 s: web, worker"):
        supervisor.run(None, supervisor.ask_to_stop)
    assert "worker" not in supervisor.processes


def held(plan: Plan) -> Plan:
    """Return a plan whose web is held."""
    sandbox, web, worker = plan.services
    argv = tuple("web-held" if each == "web" else each for each in web.argv)
    return replace(plan, services=(sandbox, replace(web, argv=argv, held=True), worker))


def test_one_that_is_held_is_there_while_steps_run_and_opens_after_them(toys: Toys, lines: Lines) -> None:
    seen: list[bool] = []

    def work(_output: IO[str]) -> None:
        web = supervisor.processes["web"]
        seen.extend([web.running, web.held, port_taken("127.0.0.1", toys.ports["web"]) is None])

    supervisor = Supervisor(held(toys.plan(Step("migrate", work))), lines)
    with supervisor.loading():
        supervisor.run(None, supervisor.ask_to_stop)
    assert seen == [True, True, True]
    assert toys.ended() == ["web-held", "worker", "sandbox"]


def test_one_that_died_while_it_was_held_comes_back_and_opens(
    toys: Toys, lines: Lines, screen: io.StringIO
) -> None:
    supervisor = Supervisor(held(toys.plan()), lines)
    with supervisor.loading():
        supervisor.processes["web"].kill()
        supervisor.run(None, supervisor.ask_to_stop)
    assert "was ended by signal 9; starting it again" in screen.getvalue()
    assert toys.ended() == ["web-held", "worker", "sandbox"]


@pytest.mark.parametrize("asked", [False, True], ids=["no engines", "a stop before they are up"])
def test_one_that_is_held_is_gone_without_having_opened(toys: Toys, lines: Lines, asked: bool) -> None:
    supervisor = Supervisor(held(toys.plan()), lines)
    with contextlib.suppress(UpError), supervisor.loading():
        if not asked:
            raise UpError("no engines")
        supervisor.ask_to_stop()
        supervisor.run(None, lambda: pytest.fail("it was told as up"))
    assert not any(process.running for process in supervisor.processes.values())
    assert toys.ended() == []


def test_steps_run_before_services_and_their_last_words_are_shown(
    toys: Toys, lines: Lines, screen: io.StringIO
) -> None:
    def work(output: IO[str]) -> None:
        output.write("Applying first... ")
        output.write("OK\nno newline")

    supervisor = Supervisor(toys.plan(Step("migrate", work)), lines)
    supervisor.run(None, supervisor.ask_to_stop)
    shown = screen.getvalue().splitlines()
    assert shown[:2] == ["migrate | Applying first... OK", "migrate | no newline"]
    assert "web     | web ready." in shown


def test_failing_step_stops_everything_and_is_named(toys: Toys, lines: Lines, tmp_path: Path) -> None:
    def work(_output: IO[str]) -> None:
        raise ValueError("two migrations\nin conflict")

    supervisor = Supervisor(toys.plan(Step("migrate", work)), lines)
    with pytest.raises(UpError, match=r"step migrate failed: two migrations \(more in .*migrate\.log\)"):
        supervisor.run(None, supervisor.ask_to_stop)
    assert "in conflict" in (tmp_path / "migrate.log").read_text()
    assert toys.ended() == []


def test_step_is_finished_at_the_first_request_to_stop_and_broken_off_at_the_second(
    toys: Toys, lines: Lines
) -> None:
    done: list[str] = []

    def work(_output: IO[str]) -> None:
        supervisor.ask_to_stop()
        done.append("finished")

    supervisor = Supervisor(toys.plan(Step("migrate", work), Step("demo", work)), lines)
    supervisor.run(None, supervisor.ask_to_stop)
    assert (done, toys.ended()) == (["finished"], [])

    def stuck(_output: IO[str]) -> None:
        supervisor.ask_to_stop()
        supervisor.ask_to_stop()
        done.append("never")

    supervisor = Supervisor(toys.plan(Step("migrate", stuck)), lines)
    with pytest.raises(UpError, match="Broken off"):
        supervisor.run(None, supervisor.ask_to_stop)
    assert done == ["finished"]


def test_killed_service_is_back_within_seconds(toys: Toys, lines: Lines, screen: io.StringIO) -> None:
    supervisor = Supervisor(toys.plan(), lines)
    pids: list[int] = []

    def kill_web() -> None:
        pids.append(toys.pid("web"))
        os.kill(pids[0], signal.SIGKILL)
        deadline = time.monotonic() + 10
        while len(pids) < 2 and time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                pids.append(toys.pid("web"))
            time.sleep(0.05)
        supervisor.ask_to_stop()

    supervisor.run(None, meanwhile(kill_web))
    assert len(set(pids)) == 2
    assert "web     | was ended by signal 9; starting it again" in screen.getvalue()


def test_service_that_dies_again_and_again_stops_everything(toys: Toys, lines: Lines) -> None:
    plan = toys.plan()
    broken = replace(toys.service("web"), argv=(sys.executable, "-c", "raise SystemExit(7)"))
    supervisor = Supervisor(replace(plan, services=(plan.services[0], broken)), lines)
    with pytest.raises(UpError, match=r"web exited with code 7 again and again; its log is .*web\.log"):
        supervisor.run(None, supervisor.ask_to_stop)
    assert toys.ended() == ["sandbox"]


def test_open_request_is_answered_before_the_end(toys: Toys, lines: Lines) -> None:
    supervisor = Supervisor(toys.plan(), lines)
    answers: list[bytes] = []

    def ask_slowly() -> None:
        with urllib.request.urlopen(f"http://127.0.0.1:{toys.ports['web']}/slow", timeout=10) as answer:
            answers.append(answer.read())

    def act() -> None:
        asking = threading.Thread(target=ask_slowly)
        asking.start()
        time.sleep(0.5)
        supervisor.ask_to_stop()
        asking.join()

    supervisor.run(None, meanwhile(act))
    assert answers


def test_second_request_to_stop_ends_the_stubborn_at_once(
    toys: Toys, lines: Lines, screen: io.StringIO
) -> None:
    stubborn = replace(toys.service("web", "stubborn"), stop_seconds=60.0)
    supervisor = Supervisor(replace(toys.plan(), services=(stubborn,)), lines)

    def insist() -> None:
        supervisor.ask_to_stop()
        time.sleep(0.5)
        supervisor.ask_to_stop()

    begun = time.monotonic()
    supervisor.run(None, meanwhile(insist))
    assert time.monotonic() - begun < 10
    assert "web     | killed" in screen.getvalue()


def test_stubborn_service_is_killed_when_its_time_is_up(
    toys: Toys, lines: Lines, screen: io.StringIO
) -> None:
    stubborn = replace(toys.service("web", "stubborn"), stop_seconds=0.5)
    supervisor = Supervisor(replace(toys.plan(), services=(stubborn,)), lines)
    supervisor.run(None, supervisor.ask_to_stop)
    assert "web     | did not end in time; killed" in screen.getvalue()


def test_child_of_a_dead_service_does_not_keep_running(toys: Toys, lines: Lines, tmp_path: Path) -> None:
    note = tmp_path / "child"
    code = (
        "import pathlib, subprocess, sys, time;"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        f"pathlib.Path({str(note)!r}).write_text(str(child.pid)); print('ready.', flush=True); time.sleep(60)"
    )
    parent = Command("web", (sys.executable, "-c", code), ready_line=b"ready.")
    supervisor = Supervisor(replace(toys.plan(), services=(parent,)), lines)
    supervisor.run(None, supervisor.ask_to_stop)
    state = Path(f"/proc/{note.read_text()}/stat")
    assert eventually(lambda: not state.exists() or state.read_text().split()[2] == "Z", seconds=5)


def test_every_line_is_kept_in_the_log_of_its_process(toys: Toys, lines: Lines, tmp_path: Path) -> None:
    supervisor = Supervisor(toys.plan(), lines)
    supervisor.run(None, supervisor.ask_to_stop)
    assert (tmp_path / "web.log").read_text() == "web ready.\n"
