"""How a movement by hand is asked for and decided: by one person up to a threshold, by two above it, once."""

from datetime import date
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import Sum

from billing import ledger
from billing.credits.lots import Credit, Source
from billing.models import Move, UsageEvent
from kernel import clock, money

__all__ = [
    "GREATEST",
    "NotAllowed",
    "approve",
    "ask",
    "check",
    "credit_request",
    "creditable",
    "decline",
    "waiting",
]

Kind, Status = Move.Kind, Move.Status
GREATEST = 1_000_000 * money.NANO_PER_USD
"""What one movement by hand moves at most, in nano-USD."""

_LEDGER = {
    Kind.GRANT: (ledger.Kind.GRANT, ledger.System.PROMOTION),
    Kind.TOP_UP: (ledger.Kind.TOP_UP, ledger.System.CLEARING),
    Kind.ADJUSTMENT: (ledger.Kind.ADJUSTMENT, ledger.System.REVENUE),
    Kind.CREDIT: (ledger.Kind.ADJUSTMENT, ledger.System.REVENUE),
}


class NotAllowed(ValueError):
    """The movement cannot be made like this; the words say why, `field` what of it is wrong, if one thing is."""

    def __init__(self, words: str, field: str | None = None) -> None:
        super().__init__(words)
        self.field = field


def ask(
    *,
    workspace_id: int,
    kind: Move.Kind,
    amount: int,
    reason: str,
    by: str,
    token: UUID,
    expires_on: date | None = None,
    request_id: UUID | None = None,
) -> Move:
    """Ask for a movement of nano-USD and post it at once if it needs no second person; the same token asks once.

    `expires_on` ends a grant: it pays usage of earlier UTC days. Raises NotAllowed for what cannot be moved.
    """
    if not reason.strip():
        raise NotAllowed("Say why.", "reason")
    check(kind, amount, expires_on)
    move, made = Move.objects.get_or_create(
        pk=token,
        workspace_id=workspace_id,
        defaults={
            "kind": kind,
            "amount": amount,
            "expires_on": expires_on,
            "request_id": request_id,
            "reason": reason.strip(),
            "by_two": abs(amount) > settings.MOVE_BY_TWO_USD * money.NANO_PER_USD,
            "asked_by": by,
            "asked_at": clock.now(),
        },
    )
    if not made and (move.kind, move.amount, move.request_id) != (kind, amount, request_id):
        raise NotAllowed("This form was used for another movement: open it again.")
    if move.status == Status.ASKED and not move.by_two:
        approve(move, by=by)
    return move


def check(kind: Move.Kind, amount: int, expires_on: date | None) -> None:
    """Tell whether a movement of nano-USD can be asked for. Raises NotAllowed with the field that is wrong."""
    if amount == 0 or abs(amount) > GREATEST:
        raise NotAllowed(
            f"An amount other than zero, at most {GREATEST // money.NANO_PER_USD:,} USD.", "amount"
        )
    if amount < 0 and kind != Kind.ADJUSTMENT:
        raise NotAllowed("Only an adjustment takes money off an account.", "amount")
    if expires_on is not None and kind != Kind.GRANT:
        raise NotAllowed("Only a grant ends.", "expires_on")
    if expires_on is not None and expires_on <= clock.utc_day(clock.now()):
        raise NotAllowed("A grant ends on a day to come.", "expires_on")


def credit_request(
    *, workspace_id: int, request_id: UUID, amount: int, reason: str, by: str, token: UUID
) -> Move:
    """Give back nano-USD of what a request cost. Raises NotAllowed for more than is left of that."""
    if not Move.objects.filter(pk=token).exists():
        rest = creditable(workspace_id, request_id)
        if not 0 < amount <= rest:
            raise NotAllowed(f"At most ${money.show(rest)} of this request can be given back.")
    return ask(
        workspace_id=workspace_id,
        kind=Kind.CREDIT,
        amount=amount,
        reason=reason,
        by=by,
        token=token,
        request_id=request_id,
    )


def creditable(workspace_id: int, request_id: UUID) -> int:
    """Return how much of what a request cost can still be given back, in nano-USD; what is asked for counts."""
    cost = UsageEvent.objects.filter(workspace_id=workspace_id, request_id=request_id)
    given = Move.objects.filter(workspace_id=workspace_id, request_id=request_id)
    total = cost.aggregate(total=Sum("cost"))["total"] or 0
    taken = given.exclude(status=Status.DECLINED).aggregate(total=Sum("amount"))["total"] or 0
    return max(0, total - taken)


def approve(move: Move, *, by: str, words: str = "") -> None:
    """Post a movement that waits. Raises NotAllowed if it is decided, needs somebody else, or is more than it cost."""
    try:
        with transaction.atomic():
            row = _waiting(move)
            if row.by_two and row.asked_by == by:
                raise NotAllowed("Somebody else must post what you asked for.")
            kind, offset = _LEDGER[Kind(row.kind)]
            row.transaction_id = ledger.post(
                workspace_id=row.workspace_id,
                kind=kind,
                amount=row.amount,
                offset=offset,
                idem_key=f"move:{row.id}",
                reason=row.reason if row.request_id is None else f"{row.reason} (request {row.request_id})",
                actor=by if by == row.asked_by else f"{row.asked_by}, {by}",
                credit=Credit(Source.GRANT, row.expires_on) if row.kind == Kind.GRANT else None,
            )
            _decide(row, Status.POSTED, by=by, words=words)
    except DatabaseError as error:
        if "would be credited" in str(error):
            raise NotAllowed("The request cost less than what would be given back for it.") from error
        raise
    move.refresh_from_db()


def decline(move: Move, *, by: str, words: str) -> None:
    """Let a movement that waits not happen. Raises NotAllowed if it is decided, or no reason is given."""
    if not words.strip():
        raise NotAllowed("Say why.")
    with transaction.atomic():
        _decide(_waiting(move), Status.DECLINED, by=by, words=words)
    move.refresh_from_db()


def waiting() -> int:
    """Return how many movements wait for a second person."""
    return Move.objects.filter(status=Status.ASKED).count()


def _waiting(move: Move) -> Move:
    # The lock of the purse comes first, as with every posting: what a request was credited is added up under it.
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM billing_purse WHERE workspace_id = %s FOR UPDATE", [move.workspace_id])
    row = Move.objects.select_for_update().get(pk=move.pk, workspace_id=move.workspace_id)
    if row.status != Status.ASKED:
        raise NotAllowed(f"This is {row.get_status_display()} already.")
    return row


def _decide(row: Move, status: Move.Status, *, by: str, words: str) -> None:
    row.status, row.decided_by, row.decided_at, row.decision = status, by, clock.now(), words.strip()
    row.save(update_fields=["status", "decided_by", "decided_at", "decision", "transaction_id"])
