"""Answers that are meant to fill the gateway's memory, and what each adds to it."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.fakes.scripted import Step, stream
from tests.upstreams.case import Case
from tests.upstreams.catalogue import CASES
from tests.upstreams.stage import Stage
from tests.upstreams.trial import Trial
from tests.upstreams.upstream import Call

__all__ = ["Growth", "grown"]

MIB = 2**20
CHUNK_BYTES = 64 * MIB
BLOCK = b"a" * 65536
TOGETHER = 4
KINDS = {
    "U14-ten-megabytes-in-a-line": "an event of 10 MB",
    "U14-endless-line": "a line without end",
    "U14-endless-first-line": "a first line without end",
    "U14-endless-comments": "comments without end",
    "U20-bomb": "gzip, 1 to 1,000",
}
REPEATS = 3


@dataclass(frozen=True)
class Growth:
    """How much more memory a kind of answer took at most, and after it, in KiB; `complaints` are broken promises."""

    name: str
    peak: int
    after: int
    complaints: Sequence[str]


def grown(stage: Stage) -> list[Growth]:
    """Play each kind, three times one after the other and then four at once, and measure."""
    calm = next(case for case in CASES if case.id == "U08-reset")
    _play(stage, [trial for trial in stage.set_up([calm]) if trial.only])
    found = []
    for case in (*(case for case in CASES if case.id in KINDS), CHUNK):
        for streamed in (False, True):
            name = f"{KINDS.get(case.id, 'a chunk of 64 MiB')}, {'stream' if streamed else 'whole'}"
            trials = [_trial(stage, case, streamed) for _ in range(REPEATS)]
            found.append(_measured(stage, name, trials, together=False))
    together = [_trial(stage, CHUNK, False) for _ in range(TOGETHER)]
    found.append(_measured(stage, f"{TOGETHER} chunks of 64 MiB at once, whole", together, together=True))
    return found


def _trial(stage: Stage, case: Case, streamed: bool) -> Trial:
    return next(trial for trial in stage.set_up([case]) if trial.only and trial.stream == streamed)


def _measured(stage: Stage, name: str, trials: Sequence[Trial], *, together: bool) -> Growth:
    before = stage.held().resident
    stage.forget_peak()
    if together:
        stage.run(_all(stage, trials))
    else:
        _play(stage, trials)
    peak = stage.held().peak
    time.sleep(1)
    for trial in trials:
        stage.check(trial)
    complaints = [f"{trial.id}: {each.text}" for trial in trials for each in trial.complaints]
    return Growth(name, peak - before, stage.held().resident - before, complaints)


def _play(stage: Stage, trials: Sequence[Trial]) -> None:
    for trial in trials:
        stage.run(stage.play(trial))


async def _all(stage: Stage, trials: Sequence[Trial]) -> None:
    async with asyncio.TaskGroup() as tasks:
        for trial in trials:
            tasks.create_task(stage.play(trial))


def _chunk(call: Call) -> Iterator[Step]:
    """Announce one chunk of 64 MiB and send it."""
    if call.stream:
        yield from stream(ended=False)[:-1]
        opening = b'data: {"choices":[{"index":0,"delta":{"content":"'
    else:
        yield b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        opening = b'{"choices":[{"index":0,"message":{"content":"'
    yield b"%x\r\n%b" % (CHUNK_BYTES + len(opening), opening)
    for _ in range(CHUNK_BYTES // len(BLOCK)):
        yield BLOCK
    yield b"\r\n0\r\n\r\n"


CHUNK = Case("U14", "chunk-of-64-mebibytes", _chunk, "passed_by", "passed_by", heavy=True, seconds=20)
