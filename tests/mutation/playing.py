"""How tests are played: once with their code traced, and in a fork that has a mutant in it."""

import contextlib
import json
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

__all__ = ["Played", "play_again", "play_all", "play_forked"]

_COMMITTING = {"committed", "transactional_db", "live_server"}
# What PostgreSQL says of a statement that is none: such a mutant tells nothing of the tests.
_NO_SQL = (
    "SyntaxError",
    "UndefinedFunction",
    "UndefinedColumn",
    "GroupingError",
    "DatatypeMismatch",
    "InvalidTextRepresentation",
)


@dataclass(frozen=True, slots=True)
class Played:
    """A test that passed: how long it took, the ids of the code it ran, and whether it leaves rows behind."""

    item: pytest.Function
    seconds: float
    ran: frozenset[int]
    commits: bool


def play_all(items: Sequence[pytest.Item]) -> Iterator[Played]:
    """Play tests one after another and yield those that pass; what the session has set up stays."""
    if len(items) > 1:  # what the session sets up is no test's own time
        runtestprotocol(items[0], log=False, nextitem=items[1])
        items[0]._initrequest()  # type: ignore[attr-defined]
    for number, item in enumerate(items):
        began, ran = time.monotonic(), set[int]()
        with _traced(ran):
            reports = runtestprotocol(item, log=False, nextitem=items[(number + 1) % len(items)])
        if isinstance(item, pytest.Function) and all(report.passed for report in reports):
            yield Played(item, time.monotonic() - began, frozenset(ran), _commits(item))


def _commits(item: pytest.Function) -> bool:
    marked = any(marker.kwargs.get("transaction") for marker in item.iter_markers("django_db"))
    return marked or bool(_COMMITTING & set(item.fixturenames))


@contextlib.contextmanager
def _traced(ran: set[int]) -> Iterator[None]:
    """Put the ids of all code that is called meanwhile, in any thread, into `ran`."""

    def note(frame: FrameType, event: str, argument: object) -> None:
        ran.add(id(frame.f_code))

    sys.settrace(note)
    threading.settrace(note)
    try:
        yield
    finally:
        sys.settrace(None)
        threading.settrace(None)


def play_again(tests: Sequence[Played]) -> list[Played]:
    """Return those of the tests that pass when all are played again in a fork."""
    told = _forked(partial(_passing, tests), patience=3600)
    return [test for test in tests if test.item.nodeid in told.get("passed", ())]


def play_forked(tests: Sequence[Played], change: Callable[[], None], *, patience: float) -> dict[str, Any]:
    """Make a change in a fork, play tests there until one fails, and return the outcome.

    `outcome` is killed, survived, timeout after `patience` seconds, or invalid for what could not be tried; `by` is
    the test that failed, `why` what it said, and `dirty` tells whether rows may be left behind.
    """

    def play() -> dict[str, Any]:
        change()
        return _verdict(tests)

    return _forked(play, patience=patience)


def _forked(play: Callable[[], dict[str, Any]], *, patience: float) -> dict[str, Any]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _play_and_end(writing, play)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        ready, _, _ = select.select([pipe], [], [], patience)
        told = pipe.readline() if ready else ""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    if told:
        result: dict[str, Any] = json.loads(told)
        return result
    return {"outcome": "killed" if ready else "timeout", "by": "", "why": "the process ended", "dirty": True}


def _play_and_end(pipe: int, play: Callable[[], dict[str, Any]]) -> None:
    os.setsid()
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    try:
        told = play()
    except BaseException as error:  # whatever it is, the parent hears of it and this process ends
        told = {"outcome": "invalid", "by": "", "why": repr(error)[:300], "dirty": True}
    with os.fdopen(pipe, "w") as out:
        out.write(json.dumps(told) + "\n")
    os._exit(0)


def _passing(tests: Sequence[Played]) -> dict[str, Any]:
    reports = [(test, report) for test, found in _reports(tests) for report in found]
    failed = {test.item.nodeid for test, report in reports if not report.passed}
    return {"passed": [test.item.nodeid for test in tests if test.item.nodeid not in failed]}


def _reports(tests: Sequence[Played]) -> Iterator[tuple[Played, list[pytest.TestReport]]]:
    tests[0].item.session._setupstate.teardown_exact(tests[0].item)
    for test, following in zip(tests, [*tests[1:], tests[-1]], strict=True):
        test.item._initrequest()
        yield test, runtestprotocol(test.item, log=False, nextitem=following.item)


def _verdict(tests: Sequence[Played]) -> dict[str, Any]:
    dirty = False
    for test, reports in _reports(tests):
        dirty = dirty or test.commits
        for report in reports:
            if report.failed:
                why = str(report.longrepr)
                outcome = "invalid" if any(f"psycopg.errors.{name}" in why for name in _NO_SQL) else "killed"
                said = getattr(getattr(report.longrepr, "reprcrash", None), "message", why[-200:])
                return {"outcome": outcome, "by": test.item.nodeid, "why": said[:200], "dirty": dirty}
    return {"outcome": "survived", "by": "", "why": "", "dirty": dirty}
