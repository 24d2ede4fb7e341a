"""What a campaign of trials came to, as Markdown."""

import os
import platform
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from kernel import clock
from tests.fakes.held import Held

from .catalogue import CASES
from .trial import Kind, Trial

__all__ = ["Campaign"]

KINDS: dict[Kind, str] = {
    "hang": "past the deadline + 2 s",
    "unmapped": "unmapped status, or broken off",
    "leak": "connections left open",
    "calls": "calls too many",
    "books": "wrong books",
    "answer": "another answer, or words, headers or keys of the upstream in it",
}


@dataclass
class Campaign:
    """All trials of one run, what was held before and after it, and how long it took in seconds."""

    repeat: int
    trials: Sequence[Trial]
    before: Held
    after: Held
    left: Sequence[str]
    seconds: float

    @property
    def drift(self) -> dict[str, int]:
        """How much more the gateway holds than before."""
        before, after = self.before, self.after
        return {
            "tasks": max(0, sum(after.tasks.values()) - sum(before.tasks.values())),
            "connections": max(0, after.wires - before.wires),
            "open files": max(0, after.files - before.files),
        }

    @property
    def wrong(self) -> list[str]:
        """Everything that broke a promise, for a reader."""
        said = [f"{trial.id}: {each.kind}: {each.text}" for trial in self.trials for each in trial.complaints]
        drifted = [f"{number} {name} more than before" for name, number in self.drift.items() if number]
        return [*said, *drifted, *self.left]

    def told(self) -> str:
        """Return the run as Markdown."""
        requests = sum(len(trial.exchanges) for trial in self.trials)
        calls = sum(len(trial.faulty.calls) + len(trial.second.calls) for trial in self.trials)
        broken = Counter(each.kind for trial in self.trials for each in trial.complaints)
        lines = [
            f"`make faults REPEAT={self.repeat}` on {clock.now():%Y-%m-%d}, {os.cpu_count()} cores, Python"
            f" {platform.python_version()}, {self.seconds / 60:.0f} minutes:",
            f"**{len(self.trials):,} trials of {len(CASES)} cases, {requests:,} requests, {calls:,} calls upstream,"
            f" {len(self.wrong)} broken promises.**",
            "",
            "| Promise | Broken |",
            "| --- | ---: |",
            *(f"| {words} | {broken[kind]} |" for kind, words in KINDS.items()),
            *(f"| {name} more than before | {number} |" for name, number in self.drift.items()),
            f"| holds, slots or admissions left | {len(self.left)} |",
            "",
            "| Case | Trials | Requests | Status of the answers | Slowest, s | Broken |",
            "| --- | ---: | ---: | --- | ---: | ---: |",
            *(self._row(case.id) for case in CASES),
        ]
        return "\n".join(lines) + "\n"

    def _row(self, name: str) -> str:
        trials = [trial for trial in self.trials if trial.case.id == name]
        exchanges = [exchange for trial in trials for exchange in trial.exchanges]
        statuses = Counter(str(exchange.heard.status) for exchange in exchanges)
        counted = ", ".join(f"{status}: {number:,}" for status, number in sorted(statuses.items()))
        slowest = max((exchange.seconds for exchange in exchanges), default=0.0)
        broken = sum(len(trial.complaints) for trial in trials)
        return f"| {name} | {len(trials)} | {len(exchanges):,} | {counted} | {slowest:.1f} | {broken} |"
