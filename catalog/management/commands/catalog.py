"""`manage.py catalog`: the catalogue as a file that is exported, reviewed, and applied."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError

from catalog.declared import applying, exporting, litellm, reading
from catalog.declared.tree import MOST_BYTES, Refused
from catalog.models import Tier
from kernel import clock

T = TypeVar("T")


class Command(BaseCommand):
    """Write the catalogue to a file, or make it agree with one."""

    help = "The catalogue as code: export it, apply a file to it, or make such a file from LiteLLM's."
    # A file may be what mends a catalogue that contradicts itself; apply runs the checks on what it leaves.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        ways = parser.add_subparsers(dest="way", required=True)
        export = ways.add_parser("export", help="write what is in force and what is announced")
        export.add_argument("file", metavar="FILE", help="where to, or - for standard output")
        apply = ways.add_parser("apply", help="make the catalogue agree with a file, in one transaction")
        apply.add_argument("file", metavar="FILE", help="the file, or - for standard input")
        apply.add_argument(
            "--dry-run", action="store_true", help="do it, tell what changed, and roll it back"
        )
        apply.add_argument(
            "--check", action="store_true", help="as --dry-run, and exit with 1 if something would change"
        )
        apply.add_argument(
            "--confirm-jumps",
            action="store_true",
            help="take prices that become more than 5 times dearer or cheaper",
        )

        theirs = ways.add_parser("import-litellm", help="make such a file from LiteLLM's configuration")
        theirs.add_argument("file", metavar="CONFIG", help="config.yaml of LiteLLM's proxy, or -")
        theirs.add_argument("-o", "--output", metavar="FILE", default="-", help="where to (default: -)")
        theirs.add_argument(
            "--tier",
            choices=Tier.values,
            default=Tier.LITE.value,
            help="of all models (default: %(default)s)",
        )

    def handle(self, *_arguments: Any, way: str, **options: Any) -> None:
        if way == "export":
            _put(options["file"], _held(exporting.export))
        elif way == "import-litellm":
            self._import(options["file"], options["output"], tier=options["tier"])
        else:
            self._apply(
                options["file"],
                dry_run=options["dry_run"],
                check=options["check"],
                confirm_jumps=options["confirm_jumps"],
            )

    def _import(self, file: str, output: str, *, tier: str) -> None:
        try:
            made = litellm.convert(_get(file), os.environ, tier=tier, moment=clock.now())
        except Refused as refusal:
            raise CommandError(str(refusal)) from None
        for line in made.left:
            self.stderr.write(line)
        _put(output, made.text)

    def _apply(self, file: str, *, dry_run: bool, check: bool, confirm_jumps: bool) -> None:
        try:
            stated = reading.read(_get(file))
            outcome = _held(
                lambda: applying.apply(
                    stated, os.environ, dry_run=dry_run or check, confirm_jumps=confirm_jumps
                )
            )
        except Refused as refusal:
            count = len(refusal.problems)
            raise CommandError(
                f"{refusal}\nnothing was changed: {count} {'problem' if count == 1 else 'problems'}"
            ) from None
        for note in outcome.notes:
            self.stderr.write(note)
        for change in outcome.changes:
            self.stdout.write(str(change))
        count = len(outcome.changes)
        if not count:
            self.stdout.write("nothing to change")
        else:
            done = "would be made" if dry_run or check else "made"
            self.stdout.write(f"{count} {'change' if count == 1 else 'changes'} {done}")
        if check and count:
            sys.exit(1)


def _held(work: Callable[[], T]) -> T:
    try:
        return work()
    except OperationalError as error:
        said = str(error).splitlines()[0]
        raise CommandError(f"nothing was done: {said}; another change may be under way, try again") from None


def _get(file: str) -> str:
    try:
        if file == "-":
            return sys.stdin.read(MOST_BYTES + 1)
        with Path(file).open(encoding="utf-8") as opened:
            return opened.read(MOST_BYTES + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} cannot be read: {error}") from None


def _put(file: str, text: str) -> None:
    if file == "-":
        sys.stdout.write(text)
        return
    try:
        Path(file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error}") from None
