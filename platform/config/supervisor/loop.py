"""The supervisor's loop: runs a plan's steps and services, restarts what dies, and stops everything in order."""

import contextlib
import select
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from types import FrameType

from config.supervisor.lines import Lines
from config.supervisor.plan import Command, Plan, Step
from config.supervisor.process import Process
from config.supervisor.state import UpError
from kernel.engines import Engines

__all__ = ["Supervisor", "stop_signals"]

TICK_SECONDS = 0.1
READY_SECONDS = 120.0
KILL_SECONDS = 5.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """Holds the processes of one plan. Single-threaded, because children are bound to the thread that started them."""

    def __init__(self, plan: Plan, lines: Lines) -> None:
        self.plan = plan
        self.lines = lines
        self.engines: Engines | None = None
        self.processes: dict[str, Process] = {}
        self.stops_asked = 0
        self.in_step = False

    def ask_to_stop(self, _number: int = 0, _frame: FrameType | None = None) -> None:
        """Begin the stop; asked twice, end everything by force."""
        self.stops_asked += 1
        if self.in_step and self.stops_asked > 1:
            raise UpError("Broken off.")

    @contextlib.contextmanager
    def loading(self) -> Iterator[None]:
        """Have what is held load meanwhile; at the end none of it is left, whether it came to a run or not."""
        try:
            for command in self.plan.services:
                if command.held:
                    self._begin(command, held=True)
            yield
        finally:
            left = [process for process in self.processes.values() if process.running]
            for process in left:
                process.ask_to_end()
            self._await_end(left)

    def run(self, engines: Engines | None, on_ready: Callable[[], None]) -> None:
        """Run the steps, then the services until asked to stop. Raises UpError when that is impossible."""
        self.engines = engines
        try:
            for step in self.plan.steps:
                self._run_step(step)
            self._begin_services()
            if not self.stops_asked:
                on_ready()
            while not self.stops_asked:
                self._tick()
        finally:
            self._stop()

    def _begin_services(self) -> None:
        """Begin every service as soon as it may, and wait until all are ready or a stop is asked for."""
        deadline = time.monotonic() + READY_SECONDS
        if not self.stops_asked:
            for process in self.processes.values():
                process.let_go()
        while not self.stops_asked and not self._complete():
            for command in self._due():
                self._begin(command)
            self._tick()
            if time.monotonic() > deadline:
                late = ", ".join(each.name for each in self.plan.services if not self._is_ready(each.name))
                raise UpError(f"Not ready within {READY_SECONDS:.0f} s: {late}; see {self.lines.directory}.")

    def _complete(self) -> bool:
        return all(self._is_ready(command.name) for command in self.plan.services)

    def _due(self) -> list[Command]:
        """Return the services that have not begun, and whose turn it is."""
        rest = [command for command in self.plan.services if command.name not in self.processes]
        return [command for command in rest if command.after is None or self._is_ready(command.after)]

    def _is_ready(self, name: str) -> bool:
        return name in self.processes and self.processes[name].ready

    def _begin(self, command: Command, *, held: bool = False) -> None:
        process = self.processes[command.name] = Process(command, self.plan.environment, self.lines.show)
        process.spawn(held=held)

    def _run_step(self, step: Step) -> None:
        """Do the work of a step; a first request to stop waits for its end, a second one breaks it off."""
        if self.stops_asked:
            return
        self.in_step = True
        try:
            with self.lines.writer(step.name) as output:
                step.work(output)
        except Exception as error:
            for line in traceback.format_exc().splitlines():
                self.lines.log(step.name, line)
            log = self.lines.log_path(step.name)
            raise UpError(f"The step {step.name} failed: {_first_line(error)} (more in {log}).") from error
        finally:
            self.in_step = False

    def _tick(self) -> None:
        """Show what was written, bring back what died, notice who became ready; waits at most one tick."""
        self._read()
        now = time.monotonic()
        for process in self.processes.values():
            code = process.collect()
            if code is not None:
                self._bury(process, code, now)
            elif not process.running and now >= process.start_at:
                process.spawn()
            else:
                process.probe()
        if self.engines is not None:
            for event in self.engines.watch():
                self.lines.show("engines", f"{event.engine}: {event.text}")

    def _bury(self, process: Process, code: int, now: float) -> None:
        cause = f"was ended by signal {-code}" if code < 0 else f"exited with code {code}"
        if not process.may_restart(now):
            log = self.lines.log_path(process.name)
            raise UpError(f"{process.name} {cause} again and again; its log is {log}.")
        self.lines.show(process.name, f"{cause}; starting it again in {process.start_at - now:.1f} s")

    def _read(self) -> None:
        outputs = {process.output: process for process in self.processes.values() if process.running}
        for descriptor in select.select(list(outputs), [], [], TICK_SECONDS)[0]:
            outputs[descriptor].read()

    def _stop(self) -> None:
        """End the services in order, each group within its time or at the second request by force."""
        self.lines.show("up", "stopping; once more ends everything at once")
        groups = [
            [self.processes[name] for name in group if name in self.processes]
            for group in self.plan.stop_order
        ]
        known = {process.name for group in groups for process in group}
        groups.append([process for name, process in self.processes.items() if name not in known])
        for group in groups:
            for process in group:
                process.ask_to_end()
            self._await_end(group)

    def _await_end(self, group: list[Process]) -> None:
        begun = time.monotonic()
        killed: set[str] = set()
        while any(process.running for process in group):
            self._read()
            waited = time.monotonic() - begun
            for process in group:
                process.collect()
                late = waited > process.command.stop_seconds
                if process.running and process.name not in killed and (late or self.stops_asked > 1):
                    self.lines.show(process.name, "did not end in time; killed" if late else "killed")
                    process.kill()
                    killed.add(process.name)
            if waited > KILL_SECONDS + max(process.command.stop_seconds for process in group):
                return


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


@contextlib.contextmanager
def stop_signals(supervisor: Supervisor) -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and a closed terminal ask the supervisor to stop."""
    before = {number: signal.signal(number, supervisor.ask_to_stop) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
