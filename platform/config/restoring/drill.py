"""One drill: what is done in which order, how long each step takes, and what must come out."""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.supervisor import servers

from .counted import Held, count
from .place import Place

__all__ = ["Drilled", "NotDone", "drill"]

STEP_SECONDS = 6 * 3600
JOBS = 2
# What is proven comes from PostgreSQL alone, so it is proven without the other engine.
NO_REDIS = "redis://127.0.0.1:1/0"


class NotDone(Exception):
    """A step could not be made, and why."""


@dataclass
class Drilled:
    """A drill: seconds of each step, what the copy holds, and what is wrong with it."""

    seconds: dict[str, float] = field(default_factory=dict)
    held: Held | None = None
    dump_bytes: int = 0
    audit: dict[str, Any] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step."""
        began = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - began


def drill(source: Place, target: Place, name: str, *, tools: Path | None, keep: bool) -> Drilled:
    """Back up the source as it is at one moment, restore it as database `name` of the target's server, and prove it.

    The copy is dropped at the end unless it is to be kept. Raises NotDone if a program is missing or fails, and
    psycopg.Error where a database does not let it.
    """
    done = Drilled()
    with tempfile.TemporaryDirectory(prefix="tollway-drill-") as place:
        file = Path(place) / "backup"
        before = _backed_up(done, source, file, tools)
        copy = target.create(name)
        try:
            _restored(done, copy, file, tools)
            _proven(done, copy, before)
        finally:
            if not keep:
                target.drop(name)
    return done


def _backed_up(done: Drilled, source: Place, file: Path, tools: Path | None) -> Held:
    """Dump and count in one snapshot: requests go on meanwhile, and both see the same moment."""
    with source.connect() as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        [snapshot] = connection.execute("SELECT pg_export_snapshot()").fetchone() or ("",)
        with done.step("dump"):
            _run(
                [_tool("pg_dump", tools), "--format=custom", f"--snapshot={snapshot}", f"--file={file}"],
                source,
            )
        done.dump_bytes = file.stat().st_size
        with done.step("count"):
            return count(connection)


def _restored(done: Drilled, copy: Place, file: Path, tools: Path | None) -> None:
    options = ["--exit-on-error", "--no-owner", "--no-privileges", f"--jobs={JOBS}"]
    with done.step("restore"):
        _run([_tool("pg_restore", tools), *options, str(file)], copy)


def _proven(done: Drilled, copy: Place, before: Held) -> None:
    with done.step("compare"), copy.connect() as connection:
        done.held = count(connection)
    done.wrong += before.differences(done.held)
    with done.step("migrations"):
        if _manage(copy, "migrate", "--check").returncode:
            done.wrong.append("migrations of this release are missing in the copy")
    with done.step("audit"):
        audited = _manage(copy, "audit", "--json")
    if not audited.stdout:
        raise NotDone(f"the audit did not run: {audited.stderr[-2000:]}")
    done.audit = json.loads(audited.stdout)
    done.wrong += [
        f"audit {rule['name']}: {rule['broken']} findings"
        for rule in done.audit["invariants"]
        if rule["broken"]
    ]


def _tool(name: str, tools: Path | None) -> str:
    found = shutil.which(name, path=str(tools) if tools else None)
    if found is None:
        raise NotDone(f"{name} is not {f'in {tools}' if tools else 'on the PATH'}; it comes with PostgreSQL")
    return found


def _run(line: list[str], place: Place) -> None:
    ended = subprocess.run(
        [*line, f"--dbname={place.conninfo()}"],
        env=place.environment(),
        capture_output=True,
        text=True,
        timeout=STEP_SECONDS,
        check=False,
    )
    if ended.returncode:
        raise NotDone(f"{Path(line[0]).name} ended with {ended.returncode}: {ended.stderr.strip()[-2000:]}")


def _manage(copy: Place, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run a command of this release on the copy, without Redis."""
    elsewhere = {"MIGRATION_DATABASE_URL", "DATABASE_REPLICA_URL"}
    surroundings = {name: value for name, value in servers.surroundings().items() if name not in elsewhere}
    surroundings |= {"DATABASE_URL": copy.url(), "REDIS_URL": NO_REDIS}
    return subprocess.run(
        [sys.executable, str(servers.CHECKOUT / "manage.py"), *words],
        cwd=servers.CHECKOUT,
        env=surroundings,
        capture_output=True,
        text=True,
        timeout=STEP_SECONDS,
        check=False,
    )
