"""What a long run over failpoints came to, as a table in Markdown."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass

from kernel import clock
from tests.chaos.page import commit

from .playing import Trial
from .points import named

__all__ = ["Campaign"]


@dataclass(frozen=True, slots=True)
class Campaign:
    """All trials, what the witnesses of the gateway's requests disagree on, and how much that was."""

    repeat: int
    trials: Sequence[Trial]
    disagreements: Sequence[str]
    requests: int
    seconds: float

    @property
    def missed(self) -> list[str]:
        """The faults that were planned and did not happen."""
        return [f"{each.action} at {each.point} did not happen" for each in self.trials if not each.happened]

    @property
    def broken(self) -> list[str]:
        """Everything that is not as it must be, for a reader."""
        left = [f"{trial.action} at {trial.point}: {trial.wrong}" for trial in self.trials if trial.wrong]
        return [*left, *self.disagreements]

    def told(self) -> str:
        """Return the run as Markdown."""
        places = named()
        hit = sum(trial.happened for trial in self.trials)
        lines = [
            f"`make failpoints REPEAT={self.repeat}` on {clock.now():%Y-%m-%d}, commit `{commit()}`, {os.cpu_count()}"
            f" cores, Python {platform.python_version()}, {self.seconds / 60:.0f} minutes:",
            f"**{len(places)} failpoints, {hit:,} faults, {self.requests:,} requests at the gateway,"
            f" {len(self.broken)} broken promises; {len(self.missed)} planned faults did not happen.**",
            "",
            "| Failpoint | Place | Killed | Cut | Deaf | Found |",
            "| --- | --- | ---: | ---: | ---: | --- |",
            *(self._row(point, place) for point, place in sorted(places.items(), key=lambda item: item[1])),
        ]
        if self.disagreements:
            lines += ["", *(f"- {each}" for each in self.disagreements)]
        return "\n".join(lines) + "\n"

    def _row(self, point: str, place: str) -> str:
        trials = [trial for trial in self.trials if trial.point == point]
        counts = [sum(t.happened for t in trials if t.action == action) for action in ("kill", "cut", "deaf")]
        found = "; ".join(sorted({trial.wrong for trial in trials if trial.wrong})) or "nothing"
        file = place.rpartition(":")[0]
        return f"| {point} | `{file}` | {' | '.join(map(str, counts))} | {found} |"
