"""What a campaign came to, as one table in Markdown, and its place in the page."""

import math
import os
import platform
import subprocess
from collections import Counter
from collections.abc import Sequence

from kernel import clock
from kernel.engines.binaries import binaries
from tests.chaos.campaign import Outcome

__all__ = ["machine", "rows", "told"]

MOST_LISTED = 200
NOTHING = "–"


def told(outcome: Outcome, *, at: str) -> str:
    """Return the command, the commit it ran `at`, the machine, the table, and findings with what each witness says."""
    table = "".join(f"| {name} | {value} |\n" for name, value in rows(outcome))
    found = [f"- {each.sort} `{each.request_id}`: {each.why}\n" for each in outcome.findings[:MOST_LISTED]]
    broken = [
        f"- audit {rule['name']}: {row['subject']}: expected {row['expected']}, found {row['found']}\n"
        for rule in outcome.audit["invariants"]
        for row in rule["findings"]
    ]
    listed = "\n" + "".join(found + broken) if found or broken else ""
    return f"{_head(outcome, at)}\n| | |\n| --- | ---: |\n{table}{listed}"


def _head(outcome: Outcome, at: str) -> str:
    scale = outcome.scale
    command = (
        f"python -m bench.chaos --requests {scale.requests} --kills {scale.kills}"
        f" --minutes {scale.seconds / 60:g} --seed {scale.seed}"
    )
    verdict = "every promise kept" if outcome.clean else "**promises broken, see below**"
    return (
        f"`{command}` on {machine(at)}, {_version(str(binaries().postgres))},"
        f" {_version(str(binaries().valkey))}. {verdict.capitalize() if outcome.clean else verdict}.\n"
    )


def machine(at: str) -> str:
    """Return the day, the commit a run is of, the machine and its Python."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{clock.now():%Y-%m-%d}, commit `{at}`; {os.cpu_count()} cores, {memory:.0f} GiB,"
        f" {platform.system()} {platform.release().split('-')[0]}; Python {platform.python_version()}"
    )


def rows(outcome: Outcome) -> list[tuple[str, str]]:
    """Return what is counted and what came of it; of kills nothing where there were none."""
    return [(name, value) for name, value in _rows(outcome) if value != NOTHING]


def _rows(outcome: Outcome) -> list[tuple[str, str]]:
    ended = Counter(
        client.ended if client.ended != "refused" else f"refused with {client.status}"
        for client in outcome.clients
    )
    kills = Counter(kill.part for kill in outcome.killed)
    streams = sum(client.stream for client in outcome.clients)
    parts = ", ".join(f"{part} {number}" for part, number in sorted(kills.items()))
    return [
        ("requests", f"{len(outcome.clients):,}, {streams:,} of them streams"),
        ("what clients saw", _counted(ended)),
        ("what the events say", _counted(outcome.statuses)),
        ("kills", f"{len(outcome.killed)}: {parts}"),
        ("lost", f"{outcome.number('lost')}"),
        ("double", f"{outcome.number('double')}"),
        ("mismatched", f"{outcome.number('mismatched')}"),
        *((f"left over: {name}", f"{number:,}") for name, number in outcome.left.items()),
        ("balances below zero", f"{outcome.overdrawn}"),
        ("audit, all rules: findings", f"{outcome.audit_findings}"),
        ("reaped, charged by the last note", f"{outcome.statuses['reaped']}"),
        ("settled late: reaped first, then corrected", f"{outcome.late}"),
        ("death to the event of what it cut, s", _spread(outcome.reaping)),
        ("output not charged at a death, s", _spread(outcome.note_ages)),
        *((f"kill to next answer, {part}, s", _spread(_of(outcome, part))) for part in sorted(kills)),
        ("kill to next answer, all, s", _spread(outcome.recoveries)),
        ("settled to ledger, s", _spread(outcome.freshness)),
        ("end of load to rest, s", f"{outcome.rest:.1f}"),
    ]


def _of(outcome: Outcome, part: str) -> list[float]:
    return [
        seconds for kill, seconds in zip(outcome.killed, outcome.recoveries, strict=True) if kill.part == part
    ]


def _counted(numbers: "Counter[str]") -> str:
    return ", ".join(f"{name} {number:,}" for name, number in numbers.most_common())


def _spread(seconds: Sequence[float]) -> str:
    """Return the median, the 99th percentile (nearest rank) and the greatest, and how many had no end."""
    ordered = sorted(each for each in seconds if math.isfinite(each))
    if not ordered:
        return NOTHING
    p50, p99 = (ordered[math.ceil(share * len(ordered)) - 1] for share in (0.5, 0.99))
    endless = f", never {len(seconds) - len(ordered)}" if len(ordered) < len(seconds) else ""
    return f"p50 {p50:.1f}, p99 {p99:.1f}, max {ordered[-1]:.1f}{endless}"


def _version(server: str) -> str:
    said = subprocess.run([server, "--version"], capture_output=True, text=True, check=True).stdout
    return " ".join(said.split()[:3])
