"""One run of mutants: the tests without any, then for each mutant those that run what it changes, as time allows."""

import sys
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import psycopg
import pytest
from django.db import connection, connections

from tests.mutation import report, results
from tests.mutation.grafting import Program
from tests.mutation.mutants import Mutant
from tests.mutation.playing import Played, play_again, play_all, play_forked
from tests.mutation.results import ROOT, Result

__all__ = ["Run"]

_PACKAGES = ("accounts", "billing", "catalog", "kernel", "tests")
_SETTLED = {"killed", "timeout", "invalid", "equivalent"}  # is not run again
_ATTEMPTS = 100
_PATIENCE = 6  # times as long may they take with it, and as many seconds more


class Run:
    """The run that a session of pytest was started for."""

    def __init__(self, session: pytest.Session) -> None:
        self._session = session
        self._option = session.config.option
        self._file = Path(self._option.results)

    def all(self) -> None:
        """Run what is asked, tell of each mutant that lives, and write the page."""
        began = time.monotonic()
        tests = [test for test in play_all(self._session.items) if test.seconds <= self._option.slowest]
        self._database = _Database()
        self._program = Program(ROOT, _PACKAGES)
        self._say(
            f"{len(tests)} of {len(self._session.items)} tests, played in {time.monotonic() - began:.0f} s"
        )
        tests = self._steady(tests)
        for module in results.asked(self._option.mutate):
            self._run(module, tests)
        if not self._option.mutate:
            report.write_page(results.known(self._file), sample=self._option.sample, seed=self._option.seed)

    def _say(self, text: str) -> None:
        sys.stdout.write(text + "\n")  # between tests, pytest captures nothing
        sys.stdout.flush()

    def _steady(self, tests: list[Played]) -> list[Played]:
        """Return the tests that pass when they are played again: the others would kill every mutant."""
        again = play_again(tests)
        self._database.restore()
        for test in tests:
            if test not in again:
                self._say(f"left out, fails when it is played again: {test.item.nodeid}")
        return again

    def _run(self, module: Path, tests: Sequence[Played]) -> None:
        chosen, population = results.chosen(module, sample=self._option.sample, seed=self._option.seed)
        before, counted, path = results.known(self._file), Counter[str](), str(module.relative_to(ROOT))
        if not self._program.loads(str(module)):
            self._say(f"{path}: left out, no test that is played loads it")
            return
        for mutant in chosen:
            key = results.key(path, mutant)
            old = before.get(key)
            said = report.outcome(path, mutant, old) if old and not self._option.again else "unknown"
            if said in _SETTLED:
                counted[f"{said} before"] += 1
                continue
            told = self._play(module, mutant, tests)
            counted[told["outcome"]] += 1
            result = Result(*key, told["outcome"], told["by"], told["why"])
            results.add(self._file, result)
            if result.outcome not in {"killed", "invalid"}:
                self._say(f"{result.outcome}: {path}:{mutant.line}: {result.was!r} → {result.text!r}")
        told_of = ", ".join(f"{number} {outcome}" for outcome, number in counted.most_common())
        self._say(f"{path}: {len(chosen)} of {population} mutants: {told_of}")

    def _play(self, module: Path, mutant: Mutant, tests: Sequence[Played]) -> dict[str, str]:
        touched = self._program.touched(str(module), mutant)
        near = _near(module, [test for test in tests if test.ran & touched], self._option.budget)
        if not near:
            return {"outcome": "untested", "by": "", "why": ""}
        patience = _PATIENCE * (sum(test.seconds for test in near) + 1)
        told = play_forked(near, partial(self._program.graft, str(module), mutant), patience=patience)
        if told.pop("dirty"):
            self._database.restore()
        return told


def _near(module: Path, tests: Sequence[Played], budget: float) -> list[Played]:
    """Return the tests to play: all of the module's own, then neighbours', the quick before the slow, as time allows."""
    folder = ROOT / "tests" / module.relative_to(ROOT).parent
    own = folder / f"test_{module.name}"

    def distance(test: Played) -> tuple[int, float]:
        return (0 if test.item.path == own else 1 if test.item.path.parent == folder else 2), test.seconds

    found: list[Played] = []
    spent = 0.0
    for test in sorted(tests, key=distance):
        if test.item.path == own or not found:
            found.append(test)
        elif spent + test.seconds <= budget:
            found.append(test)
            spent += test.seconds
    return found


class _Database:
    """The test database as the run without mutants left it, to go back to."""

    def __init__(self) -> None:
        known = connection.get_connection_params()
        self._server = {name: known[name] for name in ("host", "port", "user", "password") if known.get(name)}
        self._name = connection.settings_dict["NAME"]
        connections.close_all()
        connection.close_pool()  # type: ignore[attr-defined]
        self._execute(f'DROP DATABASE IF EXISTS "{self._name}_kept"')
        self._execute(f'CREATE DATABASE "{self._name}_kept" TEMPLATE "{self._name}"')

    def restore(self) -> None:
        """Bring the database back, whatever was written to it."""
        self._execute(f'DROP DATABASE "{self._name}" WITH (FORCE)')
        self._execute(f'CREATE DATABASE "{self._name}" TEMPLATE "{self._name}_kept"')

    def _execute(self, statement: str) -> None:
        for attempt in range(_ATTEMPTS):
            try:
                with psycopg.connect(**self._server, dbname="postgres", autocommit=True) as server:
                    server.execute(statement)
                return
            except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectInUse):  # autovacuum is at it
                if attempt == _ATTEMPTS - 1:
                    raise
                time.sleep(0.1)
