"""`manage.py drill_restore`: whether the backup that would be taken now can be sold from."""

import json
from pathlib import Path
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.restoring import place
from config.restoring.drill import Drilled, NotDone, drill
from kernel import clock


class Command(BaseCommand):
    """Backs up, restores beside, proves; the exit status is 1 if the copy is not what was backed up."""

    help = "Back the database up as it is, restore it as one of its own, compare and audit it there, and drop it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take where it is restored and what is done with it after."""
        parser.add_argument(
            "--server",
            help="any database of the server to restore on, as an address (default: where DATABASE_URL is)",
        )
        parser.add_argument("--name", help="what the copy is called (default: tollway_drill_ and the time)")
        parser.add_argument("--tools", type=Path, help="where pg_dump and pg_restore are (default: PATH)")
        parser.add_argument("--keep", action="store_true", help="do not drop the copy")
        parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        """Drill and tell."""
        name = options["name"] or f"tollway_drill_{clock.now():%Y%m%d_%H%M%S}"
        source = place.of_this_site()
        try:
            target = place.at(options["server"]) if options["server"] else source
            done = drill(source, target, name, tools=options["tools"], keep=options["keep"])
        except ValueError as error:
            raise CommandError(f"--server: {error}.") from None
        except (NotDone, psycopg.Error) as error:
            raise CommandError(f"the drill was not done: {error}") from None
        self.stdout.write(_as_json(done) if options["json"] else _as_text(done))
        if options["keep"]:
            self.stderr.write(f"the copy is kept as {name}; drop it when it is no longer needed")
        if done.wrong:
            raise SystemExit(1)


def _as_json(done: Drilled) -> str:
    held = done.held
    return json.dumps(
        {
            "seconds": done.seconds,
            "dump_bytes": done.dump_bytes,
            "rows": held.rows if held else {},
            "money_nano": held.money if held else {},
            "guards": len(held.guards) if held else 0,
            "wrong": done.wrong,
        },
        indent=2,
    )


def _as_text(done: Drilled) -> str:
    lines = [f"{step:<12}{seconds:>9.1f} s" for step, seconds in done.seconds.items()]
    if done.held is not None:
        rows, tables, guards = sum(done.held.rows.values()), len(done.held.rows), len(done.held.guards)
        lines.append(
            f"{rows:,} rows of {tables} tables, {guards} triggers, {done.dump_bytes:,} bytes of backup"
        )
    lines += [f"WRONG: {each}" for each in done.wrong]
    lines.append("the copy is not what was backed up" if done.wrong else "the copy is right, to the nano")
    return "\n".join(lines)
