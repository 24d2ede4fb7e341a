"""The ways in which Tollway runs while a part of it is away: what each means, its bound, and what ends it."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = [
    "BEAT",
    "BROKER",
    "DATABASE",
    "JOURNAL",
    "KEPT",
    "LATE",
    "MODES",
    "REDIS",
    "REDIS_SLOW",
    "UNWRITABLE",
    "WORKER",
    "Mode",
]


_LATER = "Nothing changes; single charges reach the ledger later."
_LATE_CHARGES = "Charges reach your statement a few minutes late. Your balance already counts every request."


@dataclass(frozen=True, slots=True)
class Mode:
    """One degraded mode, in words for each kind of reader; `customers` is empty where it does not concern them."""

    name: str
    title: str
    callers: str
    operators: str
    bound: str
    heals: str
    customers: str = ""


REDIS = Mode(
    name="redis",
    title="Redis is away",
    callers="Nothing changes: limits, credit and charges do not depend on it.",
    operators="Processes do not tell each other which providers to leave alone, and each counts sign-ins itself.",
    bound="a request waits 50 ms for it, at most once a second in each process",
    heals="within 2 seconds of its first answer",
)
REDIS_SLOW = Mode(
    name="redis-slow",
    title="Redis is slow",
    callers="Nothing changes: limits, credit and charges do not depend on it.",
    operators="Five questions in a row took longer than 50 ms. Redis is left alone until it answers in time.",
    bound="a request waits 50 ms for it before it is left alone, and not at all after",
    heals="within 2 seconds of its first answer in time",
)
BROKER = Mode(
    name="broker",
    title="The broker takes no tasks",
    callers=_LATER,
    operators="Beat runs and cannot send: the broker is away, or full. Web processes charge what is 3 minutes old.",
    bound="told after 60 seconds without a sweep; a charge is at most 3 minutes and 10 seconds late",
    heals="with the first sweep after the broker's return; a worker asks for it every 5 seconds",
    customers=_LATE_CHARGES,
)
WORKER = Mode(
    name="worker",
    title="No worker sweeps",
    callers=_LATER,
    operators="Beat sends and no sweep has ended for 60 seconds. Web processes charge what is 3 minutes old.",
    bound="told after 60 seconds without a sweep; a charge is at most 3 minutes and 10 seconds late",
    heals="with the first sweep; a worker that hears nothing for 15 seconds ends, to be started again",
    customers=_LATE_CHARGES,
)
BEAT = Mode(
    name="beat",
    title="No beat",
    callers=_LATER,
    operators=(
        "Nobody orders sweeps. Web processes charge what is 3 minutes old and end what dead processes left;"
        " plan credits, papers, audits and seals wait."
    ),
    bound="told after 60 seconds of silence; a charge is at most 3 minutes and 10 seconds late",
    heals="within 5 seconds of a beat's start",
    customers=_LATE_CHARGES,
)
LATE = Mode(
    name="late-charges",
    title="Web processes charge",
    callers=_LATER,
    operators="Requests waited 3 minutes to be charged, which is Celery's work; this process did it.",
    bound="looked for every 10 seconds in every web process",
    heals="with the first look that finds nothing overdue, every 10 seconds",
    customers=_LATE_CHARGES,
)
DATABASE = Mode(
    name="database",
    title="PostgreSQL is away",
    callers="New requests that cost are refused with 503 and Retry-After; open answers go on to their end.",
    operators="Nothing is admitted. What ends is settled in the journal on the disk.",
    bound="refused at once where the database refuses; where it is silent, told after 4 seconds",
    heals="within 2 seconds of its first answer",
    customers="New requests are refused for the moment. Requests under way go on.",
)
UNWRITABLE = Mode(
    name="database-unwritable",
    title="PostgreSQL takes no writes",
    callers="New requests that cost are refused with 503 and Retry-After; open answers go on to their end.",
    operators="It is read-only, a copy, or its disk is full. What ends is settled in the journal on the disk.",
    bound="noticed with the first write, at the latest after 5 seconds",
    heals="within 2 seconds of the first write that succeeds",
    customers="New requests are refused for the moment. Requests under way go on.",
)
JOURNAL = Mode(
    name="journal",
    title="Settlements wait in the journal",
    callers="Nothing changes; what waits is not in usage and balance yet.",
    operators="Answers have ended that the database did not take. They are settled once it does.",
    bound="100,000 settlements or 256 MiB for a process",
    heals="as soon as the last is settled; tried every 2 seconds",
    customers="Some requests that have ended are not in your figures yet. They follow by themselves.",
)
KEPT = Mode(
    name="journal-kept",
    title="A journal needs a person",
    callers="Nothing changes.",
    operators="The journal's directory holds *.kept files: settlements that the database refused. See docs/outages.md.",
    bound="counted every 30 seconds",
    heals="once the files are renamed back to *.jsonl and replayed, or moved away",
)

MODES: Mapping[str, Mode] = {
    mode.name: mode
    for mode in (DATABASE, UNWRITABLE, JOURNAL, KEPT, BROKER, WORKER, BEAT, LATE, REDIS, REDIS_SLOW)
}
"""Every mode by its name, the gravest first."""
