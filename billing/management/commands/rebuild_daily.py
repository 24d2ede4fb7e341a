"""`manage.py rebuild_daily`: make sums anew from their events, and tell or put right what differs."""

from argparse import ArgumentTypeError
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Workspace
from billing.proof import rebuild
from billing.proof.rebuild import Change

SHOWN = 100


class Command(BaseCommand):
    """Tells the differences; changes rows only when asked to."""

    help = "Make daily and quarter-hourly sums anew from the posted events; without --apply only tell what differs."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the workspaces, the days, and whether to put right."""
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--workspace", type=int, help="One workspace, by its id.")
        which.add_argument(
            "--all", action="store_true", help="Every workspace, each in a transaction of its own."
        )
        parser.add_argument("--from", dest="first", type=_day, required=True, help="The first UTC day.")
        parser.add_argument("--to", dest="last", type=_day, required=True, help="The last UTC day.")
        parser.add_argument("--apply", action="store_true", help="Put right what differs.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Go through the workspaces and print what differs."""
        found = 0
        for workspace in self._workspaces(options["workspace"]):
            try:
                changes = rebuild.rebuild(
                    workspace, options["first"], options["last"], apply=options["apply"]
                )
            except (rebuild.Gone, ValueError) as error:
                raise CommandError(f"{error}.") from None
            found += len(changes)
            self._print(changes)
        done = "put right" if options["apply"] else "found, nothing changed" if found else "found"
        self.stdout.write(f"{found:,} differences {done}")

    def _workspaces(self, only: int | None) -> list[int]:
        if only is None:
            return list(Workspace.objects.order_by("pk").values_list("pk", flat=True))
        if not Workspace.objects.filter(pk=only).exists():
            raise CommandError(f"--workspace: there is no workspace {only}")
        return [only]

    def _print(self, changes: list[Change]) -> None:
        for change in changes[:SHOWN]:
            self.stdout.write(
                f"workspace {change.workspace_id}: {change.table} {change.time} {change.key}:"
                f" stored {change.stored or 'nothing'}, made {change.made or 'nothing'}"
            )
        if len(changes) > SHOWN:
            self.stdout.write(f"and {len(changes) - SHOWN:,} more of this workspace")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a day like 2026-11-21") from None
