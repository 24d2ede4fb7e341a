"""How papers are issued: one for each payment and refund, numbered without gaps; the only writer of their rows."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import structlog
from django.db import connection, transaction

from billing.models import Paper
from kernel import clock, ids, money

from . import movements, parties

__all__ = ["Draft", "Foreign", "content", "issue_credit_note", "issue_receipt", "write"]

log = structlog.get_logger()

Kind = Paper.Kind
SERIES: Mapping[str, str] = {Kind.RECEIPT: "R", Kind.CREDIT_NOTE: "C", Kind.STATEMENT: "S"}
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Foreign:
    """A document that somebody else issued for the payment: its number, and an https address to read it at."""

    number: str
    url: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A paper before it has a number. Money in nano-USD; `words` is what it says beside who, when and number."""

    workspace_id: int
    kind: Paper.Kind
    total_nano: int
    total_cents: int
    words: Mapping[str, Any]
    transaction_id: UUID | None = None
    foreign: Foreign | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)


def issue_receipt(transaction_id: UUID, *, foreign: Foreign | None = None) -> Paper:
    """Return the receipt for a top-up, issued now unless it is there: a payment has one document.

    `foreign` records another's document instead of issuing ours. Raises LookupError for an unknown transaction,
    ValueError if it is no top-up or the foreign address is not https, NoIssuer while nobody has said who issues.
    """
    return _issue(Kind.RECEIPT, transaction_id, foreign)


def issue_credit_note(transaction_id: UUID, *, foreign: Foreign | None = None) -> Paper:
    """Return the credit note for a refund, or for the reversal of a top-up, issued now unless it is there.

    Raises as `issue_receipt` does.
    """
    return _issue(Kind.CREDIT_NOTE, transaction_id, foreign)


def content(paper: Paper) -> dict[str, Any]:
    """Return everything a paper says. Raises ValueError if it is not what was written."""
    if hashlib.sha256(paper.content.encode()).digest() != bytes(paper.digest):
        raise ValueError(f"paper {paper.id} does not have its digest")
    said: dict[str, Any] = json.loads(paper.content)
    return said


def _issue(kind: Paper.Kind, transaction_id: UUID, foreign: Foreign | None) -> Paper:
    if foreign is not None and not (foreign.number and foreign.url.startswith("https://")):
        raise ValueError("foreign: a document of another issuer needs a number and an https address")
    moved = movements.find(transaction_id)
    if moved.document != kind:
        raise ValueError(f"{kind}: transaction {transaction_id} is a {moved.kind} of {moved.amount} nano-USD")
    total = abs(moved.amount)
    return write(
        Draft(
            workspace_id=moved.workspace_id,
            kind=kind,
            total_nano=total,
            total_cents=money.half_up(total, money.NANO_PER_CENT),
            words={
                "payment": {
                    "transaction": str(moved.id),
                    "day": moved.day.isoformat(),
                    "amount": total,
                    "what": moved.what,
                    "corrects": movements.corrected(moved),
                }
            },
            transaction_id=transaction_id,
            foreign=foreign,
        )
    )


@transaction.atomic
def write(draft: Draft) -> Paper:
    """Number a draft and keep it, or return the paper that is there for the same movement or month already.

    Papers of a kind are written one after another until the caller's transaction ends: call it last.
    """
    found = _found(draft)
    if found is not None:
        return found
    _wait_for_turn(draft.kind)
    found = _found(draft)
    paper = found or _insert(draft)
    if found is None:
        log.info("paper issued", paper=paper.label, kind=paper.kind, workspace_id=paper.workspace_id)
    return paper


def _found(draft: Draft) -> Paper | None:
    rows = Paper.objects.filter(workspace_id=draft.workspace_id, kind=draft.kind)
    if draft.kind == Kind.STATEMENT:
        return rows.filter(period_start=draft.columns["period_start"]).first()
    return rows.filter(transaction_id=draft.transaction_id).first()


def _wait_for_turn(kind: str) -> None:
    # Before the number is taken: whoever finds the paper written while waiting must leave no gap.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('billing.paper.' || %s, 0))", [kind])


def _insert(draft: Draft) -> Paper:
    now, series = clock.now(), SERIES[draft.kind] if draft.foreign is None else None
    paper = Paper(
        id=ids.request_id(),
        workspace_id=draft.workspace_id,
        kind=draft.kind,
        series=series,
        number=_next(series) if series is not None else None,
        transaction_id=draft.transaction_id,
        total_nano=draft.total_nano,
        total_cents=draft.total_cents,
        foreign_number=draft.foreign.number if draft.foreign else "",
        foreign_url=draft.foreign.url if draft.foreign else "",
        issued_at=now,
        **draft.columns,
    )
    said = {
        "format": _FORMAT,
        "kind": draft.kind,
        "number": paper.label,
        "issued_at": now.isoformat(timespec="seconds"),
        "currency": paper.currency,
        "issuer": parties.issuer() if draft.foreign is None else None,
        "customer": parties.customer(draft.workspace_id),
        **draft.words,
    }
    paper.content = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    paper.digest = hashlib.sha256(paper.content.encode()).digest()
    paper.save(force_insert=True)
    return paper


def _next(series: str) -> int:
    """Return the next number of a series; the database refuses a commit that leaves it unused."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO billing_paper_series (series, last) VALUES (%s, 1)
               ON CONFLICT (series) DO UPDATE SET last = billing_paper_series.last + 1 RETURNING last""",
            [series],
        )
        [number] = cursor.fetchone() or (0,)
        return int(number)
