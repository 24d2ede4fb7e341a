"""The proof after a run: an event for each answer, every token of it, nothing held, and an audit without findings."""

from collections import Counter
from typing import TYPE_CHECKING

from .figures import Run
from .shapes import PROMPT_TOKENS, SHAPES

if TYPE_CHECKING:
    from .site import Site

__all__ = ["prove"]

_EVENTS = """
SELECT upstream_model, count(*), coalesce(sum(input_tokens), 0)::bigint, coalesce(sum(output_tokens), 0)::bigint,
    count(*) FILTER (WHERE status <> 'ok' OR usage_source <> 'upstream' OR suspect)
FROM billing_usage_event WHERE workspace_id = ANY (%s) GROUP BY 1"""
_LEFT = """
SELECT coalesce(sum(held), 0)::bigint, coalesce(sum(open_streams), 0)::bigint,
    (SELECT count(*) FROM billing_admission WHERE workspace_id = ANY (%s))
FROM billing_account WHERE workspace_id = ANY (%s)"""


def prove(site: "Site", run: Run) -> None:
    """Compare the events with the answers, shape by shape; what does not agree is a finding."""
    from billing.proof.audit import audit

    answered = site.target.answered + site.other.answered
    findings = _events(site, answered) + _left(site)
    report = audit()
    if report.broken:
        findings.append(f"metering: the audit has {report.broken} findings")
    run.findings += findings
    if not findings:
        run.proofs.append(
            f"{answered.total():,} answers of Tollway, {answered.total():,} events with exactly their tokens;"
            f" nothing held; the audit compared {report.compared:,} rows and found nothing."
        )


def _events(site: "Site", answered: Counter[str]) -> list[str]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(_EVENTS, [[each.workspace.pk for each in site.customers]])
        found = {row[0]: row[1:] for row in cursor.fetchall()}
    findings = []
    for name in sorted(found.keys() | answered.keys()):
        number = answered[name]
        due = (number, number * PROMPT_TOKENS, number * SHAPES[name].pieces, 0)
        if found.get(name, (0, 0, 0, 0)) != due:
            findings.append(
                f"metering, {name}: events, tokens in and out, and events that are odd: {found.get(name)}, due {due}"
            )
    return findings


def _left(site: "Site") -> list[str]:
    from django.db import connection

    whose = [each.workspace.pk for each in site.customers]
    with connection.cursor() as cursor:
        cursor.execute(_LEFT, [whose, whose])
        left = cursor.fetchone()
    return [] if left == (0, 0, 0) else [f"metering: held, slots and open requests at the end: {left}"]
