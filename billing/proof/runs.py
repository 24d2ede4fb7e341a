"""The audits that were made of everything or of the last days: begun, written down, and forgotten in time."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from billing.models import AuditRun
from billing.proof.audit import Report, Running, audit
from billing.proof.rules import Outcome
from kernel import clock

__all__ = ["FINDINGS_KEPT", "WINDOW_DAYS", "forget", "run"]

WINDOW_DAYS = 3
FINDINGS_KEPT = 20
"""How many findings of a rule a run keeps; all are counted."""
_TEXT_KEPT = 200
_WINDOWS_KEPT = timedelta(days=7)
_WHOLES_KEPT = timedelta(days=400)


def run(*, days: int | None, actor: str) -> Report:
    """Audit all workspaces over the last so many UTC days, or everything, and write down what it came to.

    The row is there from the beginning, so an audit that died is seen. Raises audit.Running if another process is at
    the same; then nothing is written.
    """
    began = clock.now()
    row = AuditRun.objects.create(
        kind=AuditRun.Kind.WINDOW if days else AuditRun.Kind.WHOLE,
        actor=actor[:_TEXT_KEPT],
        started_at=began,
        since=clock.utc_day(began) - timedelta(days=days - 1) if days else None,
    )
    try:
        report = audit(days=days, alone=True)
    except Running:
        row.delete()
        raise
    _write_down(row, report)
    return report


def forget(now: datetime) -> int:
    """Delete runs over the last days after 7 days, and those of everything after 400; return how many."""
    runs = AuditRun.objects
    windows = runs.filter(kind=AuditRun.Kind.WINDOW, started_at__lt=now - _WINDOWS_KEPT).delete()[0]
    return windows + runs.filter(kind=AuditRun.Kind.WHOLE, started_at__lt=now - _WHOLES_KEPT).delete()[0]


def _write_down(row: AuditRun, report: Report) -> None:
    row.ended_at = report.ended
    row.compared, row.broken = report.compared, report.broken
    row.seals, row.sealed_days = report.seals, report.days
    row.rules = [_rule(outcome) for outcome in report.outcomes]
    row.newest_seals = [{"day": sealed.day.isoformat(), "sha256": sealed.digest} for sealed in report.newest]
    row.save()


def _rule(outcome: Outcome) -> dict[str, Any]:
    kept = outcome.findings[:FINDINGS_KEPT]
    return {
        "name": outcome.name,
        "says": outcome.says,
        "compared": outcome.compared,
        "broken": outcome.broken,
        "seconds": outcome.seconds,
        "findings": [{name: _short(value) for name, value in asdict(finding).items()} for finding in kept],
    }


def _short(value: Any) -> Any:
    return value if value is None or isinstance(value, int) else str(value)[:_TEXT_KEPT]
