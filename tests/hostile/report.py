"""What hostile peers cost, as Markdown."""

import math
import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kernel import clock
from tests.fakes.held import Held

from .bombs import Growth
from .siege import NUMBERS, Outcome
from .steady import percentile

__all__ = ["Campaign", "Streams"]

MOST_SECONDS = {"unread": 30.0}
"""After how many seconds a kind must be dropped (G18); what is named by no beginning, after 15."""
ALLOWED_SECONDS = 15.0
# From a connection's beginning to our noticing its end: accepting it, filling what the kernel takes over, looking twice a second.
NOTICED_SECONDS = 2.0
GREATEST_RATIO = 2.0
GREATEST_GROWTH_KIB = 64 * 1024


@dataclass(frozen=True)
class Streams:
    """How many streams ended in every way, in how many seconds, what was held before and after, and what was wrong."""

    number: int
    seconds: float
    booked: dict[str, int]
    before: Held
    after: Held
    wrong: Sequence[str]

    @property
    def leaked(self) -> dict[str, int]:
        """How much more the gateway holds than before."""
        before, after = self.before, self.after
        return {
            "tasks": max(0, sum(after.tasks.values()) - sum(before.tasks.values())),
            "connections": after.wires,
            "open files": max(0, after.files - before.files),
        }


@dataclass(frozen=True)
class Campaign:
    """A siege, the bombs, and the streams that ended in every way. `load` is the machine's before it all."""

    siege: Outcome
    bombs: Sequence[Growth]
    streams: Streams
    seconds: float
    load: float
    at: str

    @property
    def broken(self) -> list[str]:
        """Promises that must hold on any machine: nobody is kept, nothing is left, every end is in the books."""
        kept = [f"{fate.kept} of {kind} were kept" for kind, fate in self.siege.fates.items() if fate.kept]
        leaked = [
            f"{number} {name} more than before" for name, number in self.streams.leaked.items() if number
        ]
        wires = [f"{self.siege.after.wires} connections left"] if self.siege.after.wires else []
        told = [each for growth in self.bombs for each in growth.complaints]
        return [*kept, *wires, *self.siege.left, *self.streams.wrong, *leaked, *told]

    @property
    def missed(self) -> list[str]:
        """Goals that were not reached, by how much; a busy machine may be the reason."""
        found = []
        if (ratio := self._ratio) > GREATEST_RATIO:
            found.append(f"p99 of the healthy is {ratio:.1f} times that alone, not {GREATEST_RATIO:.0f}")
        for kind, fate in self.siege.fates.items():
            most = next((s for name, s in MOST_SECONDS.items() if kind.startswith(name)), ALLOWED_SECONDS)
            if fate.slowest > most + NOTICED_SECONDS:
                found.append(f"{kind}: dropped after {fate.slowest:.1f} s at most, not {most:.0f}")
        found += [
            f"{growth.name}: {growth.peak / 1024:.0f} MiB, not {GREATEST_GROWTH_KIB // 1024}"
            for growth in self.bombs
            if growth.peak > GREATEST_GROWTH_KIB
        ]
        return found

    def told(self) -> str:
        """Return the run as Markdown."""
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
        lines = [
            f"`make hostile SECONDS={self.siege.seconds:.0f} STREAMS={self.streams.number}` on {clock.now():%Y-%m-%d},"
            f" commit `{self.at}`; {os.cpu_count()} cores, {memory:.0f} GiB, load average {self.load:.1f} before it"
            f" began; Python {platform.python_version()}; {self.seconds / 60:.0f} minutes.",
            "",
            f"**Broken promises: {len(self.broken)}. Goals missed: {len(self.missed)}.**",
            *(f"- {each}" for each in [*self.broken, *self.missed]),
            "",
            *self._besieged(),
            "",
            *self._bombed(),
            "",
            *self._ended(),
        ]
        return "\n".join(lines) + "\n"

    @property
    def _ratio(self) -> float:
        return percentile(self.siege.besieged, 0.99) / percentile(self.siege.alone, 0.99)

    def _besieged(self) -> Iterator[str]:
        siege = self.siege
        yield "| Healthy requests, one at a time | Requests | p50, ms | p99, ms | greatest, ms |"
        yield "| --- | ---: | ---: | ---: | ---: |"
        for name, took in (("alone, before and after", siege.alone), ("besieged", siege.besieged)):
            p50, p99 = (percentile(took, share) for share in (0.5, 0.99))
            yield f"| {name} | {len(took):,} | {p50:.1f} | {p99:.1f} | {max(took):.0f} |"
        yield f"| besieged / alone | | {self._median_ratio:.2f} | {self._ratio:.2f} | |"
        yield ""
        yield "| Hostile callers | At once | Came | Dropped | Kept | Slowest drop, s |"
        yield "| --- | ---: | ---: | ---: | ---: | ---: |"
        for kind, fate in siege.fates.items():
            yield f"| {kind} | {NUMBERS[kind]} | {fate.came:,} | {fate.dropped:,} | {fate.kept} | {fate.slowest:.1f} |"
        yield ""
        yield "| The gateway | Before | Besieged | After |"
        yield "| --- | ---: | ---: | ---: |"
        before, during, after = siege.before, siege.during, siege.after
        yield f"| memory, MiB | {before.resident >> 10} | {during.peak >> 10} at most | {after.resident >> 10} |"
        yield f"| tasks | {_tasks(before)} | | {_tasks(after)} |"
        yield f"| connections | {before.wires} | | {after.wires} |"
        yield f"| open files | {before.files} | | {after.files} |"
        yield f"| had a processor, s | | {siege.ran:.1f} | |"
        yield f"| waited for a processor that others had, s | | {siege.starved:.1f} | |"
        yield f"| holds, slots or admissions | 0 | | {len(siege.left)} |"

    @property
    def _median_ratio(self) -> float:
        return percentile(self.siege.besieged, 0.5) / percentile(self.siege.alone, 0.5)

    def _bombed(self) -> Iterator[str]:
        yield "| Answers of an upstream | Growth at most, MiB | Growth after, MiB |"
        yield "| --- | ---: | ---: |"
        for growth in self.bombs:
            yield f"| {growth.name} | {_mebibytes(growth.peak)} | {_mebibytes(growth.after)} |"

    def _ended(self) -> Iterator[str]:
        streams = self.streams
        yield f"| {streams.number:,} streams, ended at random, {streams.seconds:.0f} s | |"
        yield "| --- | ---: |"
        for name, number in sorted(streams.booked.items()):
            yield f"| {name} | {number:,} |"
        for name, number in streams.leaked.items():
            yield f"| leaked: {name} | {number} |"
        yield f"| leaked: holds, slots, admissions; or not in the books | {len(streams.wrong)} |"


def _tasks(held: Held) -> int:
    return sum(held.tasks.values())


def _mebibytes(kib: int) -> int:
    return max(0, math.ceil(kib / 1024))
