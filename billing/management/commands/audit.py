"""`manage.py audit`: prove the invariants of the money, or list the rows that break them."""

import dataclasses
import json
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from billing import invariants, recomputed
from billing.invariants import Outcome
from kernel import clock


class Command(BaseCommand):
    """Checks everything in one snapshot; the exit status is 1 if a row breaks a rule."""

    help = "Prove the invariants of the money; exit 1 and list the rows if one is broken."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the form of the answer and what to look at."""
        parser.add_argument("--json", action="store_true", help="Print one JSON object instead of a table.")
        parser.add_argument("--workspace", type=int, help="Look at one workspace only, by its id.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the audit and print it."""
        at, began = clock.now(), time.monotonic()
        outcomes = _audit(options["workspace"])
        seconds = time.monotonic() - began
        sound = not any(outcome.broken for outcome in outcomes)
        if options["json"]:
            self.stdout.write(
                json.dumps(
                    {
                        "at": at.isoformat(),
                        "seconds": round(seconds, 3),
                        "sound": sound,
                        "invariants": [dataclasses.asdict(outcome) for outcome in outcomes],
                    },
                    default=str,
                )
            )
        else:
            self._print(outcomes, seconds)
        if not sound:
            raise SystemExit(1)

    def _print(self, outcomes: list[Outcome], seconds: float) -> None:
        self.stdout.write(f"{'invariant':<12}{'rows compared':>14}{'findings':>10}  rule")
        for outcome in outcomes:
            self.stdout.write(
                f"{outcome.name:<12}{outcome.compared:>14,}{outcome.broken:>10,}  {outcome.says}"
            )
        for outcome in outcomes:
            for row in outcome.findings:
                day = f" on {row.day}" if row.day else ""
                self.stdout.write(
                    f"{outcome.name}: workspace {row.workspace_id}{day}: {row.subject}:"
                    f" expected {row.expected}, found {row.found}"
                )
            if outcome.broken > len(outcome.findings):
                self.stdout.write(f"{outcome.name}: and {outcome.broken - len(outcome.findings):,} more")
        broken = sum(outcome.broken for outcome in outcomes)
        verdict = f"{broken:,} findings" if broken else "the money is right"
        self.stdout.write(f"{verdict}, in {seconds:.1f} s")


def _audit(workspace_id: int | None) -> list[Outcome]:
    with invariants.snapshot() as cursor:
        outcomes = [
            invariants.check(cursor, invariant, workspace_id=workspace_id)
            for invariant in invariants.INVARIANTS
        ]
        return [*outcomes, recomputed.check(cursor, workspace_id=workspace_id)]
