"""`manage.py audit`: prove the invariants of the money, or list the rows that break them."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing.proof import runs
from billing.proof.audit import Report, Running, audit
from billing.proof.rules import Outcome

MOST_DAYS = 10_000


class Command(BaseCommand):
    """Checks everything in one snapshot; the exit status is 1 if a row breaks a rule."""

    help = "Prove the invariants of the money; exit 1 and list the rows if one is broken."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the form of the answer and what to look at."""
        parser.add_argument("--json", action="store_true", help="Print one JSON object instead of a table.")
        parser.add_argument("--workspace", type=int, help="Look at one workspace only, by its id.")
        parser.add_argument("--days", type=int, help="Look at the last so many UTC days only; today is one.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the audit and print it; one of all workspaces is written down too."""
        workspace, days = options["workspace"], options["days"]
        if days is not None and not 1 <= days <= MOST_DAYS:
            raise CommandError(f"--days: between 1 and {MOST_DAYS}")
        try:
            report = (
                audit(workspace_id=workspace, days=days)
                if workspace is not None
                else runs.run(days=days, actor="command")
            )
        except Running:
            raise CommandError("the same audit is running in another process; wait for its end") from None
        if options["json"]:
            self.stdout.write(json.dumps(_told(report), default=str))
        else:
            self._print(report)
        if report.broken:
            raise SystemExit(1)

    def _print(self, report: Report) -> None:
        self.stdout.write(f"{'invariant':<12}{'rows compared':>14}{'findings':>10}{'seconds':>9}  rule")
        for outcome in report.outcomes:
            self.stdout.write(
                f"{outcome.name:<12}{outcome.compared:>14,}{outcome.broken:>10,}{outcome.seconds:>9.2f}  {outcome.says}"
            )
        for outcome in report.outcomes:
            self._list(outcome)
        verdict = f"{report.broken:,} findings" if report.broken else "the money is right"
        self.stdout.write(
            f"{verdict}, in {(report.ended - report.began).total_seconds():.1f} s; {report.seals:,} seals of {report.days:,} days"
        )

    def _list(self, outcome: Outcome) -> None:
        for row in outcome.findings:
            day = f" on {row.day}" if row.day else ""
            self.stdout.write(
                f"{outcome.name}: workspace {row.workspace_id}{day}: {row.subject}:"
                f" expected {row.expected}, found {row.found}"
            )
        if outcome.broken > len(outcome.findings):
            self.stdout.write(f"{outcome.name}: and {outcome.broken - len(outcome.findings):,} more")


def _told(report: Report) -> dict[str, Any]:
    return {
        "at": report.began.isoformat(),
        "seconds": round((report.ended - report.began).total_seconds(), 3),
        "sound": not report.broken,
        "seals": report.seals,
        "invariants": [asdict(outcome) for outcome in report.outcomes],
    }
