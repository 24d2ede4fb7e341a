"""How people decide about a proposal: one approves or rejects, two approve a jump; each decision is in the list of changes."""

from dataclasses import dataclass

from django.db import transaction

from catalog.changes import note
from catalog.models import Proposal
from kernel import clock

from .applying import Made, NewModel, Refused, apply, held_model

__all__ = ["Outcome", "Refused", "approve", "reject"]

Status = Proposal.Status


@dataclass(frozen=True, slots=True)
class Outcome:
    """A proposal as it is now, and what came of it; nothing yet where it waits for a second person."""

    proposal: Proposal
    made: Made | None


@transaction.atomic
def approve(
    proposal_id: int, *, by: int, reason: str, sell_too: bool = False, new: NewModel | None = None
) -> Outcome:
    """Approve an open proposal as the person with this id; the second of two approves what the first said of the sell price.

    `sell_too` makes a sell price that keeps today's margin. Raises Refused where it is not open any more, where the
    same person approves twice, and where the catalogue is no longer what was compared.
    """
    proposal = _open(proposal_id)
    if proposal.needs_two and proposal.first_by is None:
        proposal.first_by, proposal.first_at, proposal.first_reason = by, clock.now(), reason
        proposal.sell_too = sell_too
        proposal.save(update_fields=["first_by", "first_at", "first_reason", "sell_too"])
        note(proposal, f"Approved as the first of two: {reason}", by=by)
        return Outcome(proposal, None)
    if proposal.needs_two and proposal.first_by == by:
        raise Refused("You have approved it. Such a move takes a second person.")
    if not proposal.needs_two:
        proposal.sell_too = sell_too
    held_model(proposal)
    made = apply(proposal, sell_too=proposal.sell_too, new=new)
    proposal.cost_version, proposal.sell_version, proposal.drafted = (
        made.cost_version,
        made.sell_version,
        made.drafted,
    )
    _decide(proposal, Status.APPROVED, by, reason)
    note(proposal, f"Approved: {reason}{_told(made)}", by=by)
    return Outcome(proposal, made)


@transaction.atomic
def reject(proposal_id: int, *, by: int, reason: str) -> Proposal:
    """Reject an open proposal; the same figure is not proposed again. Raises Refused where it is not open any more."""
    proposal = _open(proposal_id)
    _decide(proposal, Status.REJECTED, by, reason)
    note(proposal, f"Rejected: {reason}", by=by)
    return proposal


def _open(proposal_id: int) -> Proposal:
    rows = Proposal.objects.select_for_update(of=("self",)).select_related("provider", "model")
    proposal = rows.filter(pk=proposal_id).first()
    if proposal is None:
        raise Refused("There is no such proposal.")
    if proposal.status != Status.OPEN:
        raise Refused(f"It was {proposal.status} on {proposal.decided_at:%Y-%m-%d %H:%M} UTC.")
    return proposal


def _decide(proposal: Proposal, status: Proposal.Status, by: int, reason: str) -> None:
    proposal.status, proposal.decided_by, proposal.decided_at, proposal.reason = (
        status,
        by,
        clock.now(),
        reason,
    )
    proposal.save(
        update_fields=[
            *("status", "decided_by", "decided_at", "reason", "sell_too"),
            *("cost_version", "sell_version", "drafted"),
        ]
    )


def _told(made: Made) -> str:
    rows = ((made.cost_version, "cost version"), (made.sell_version, "sell version"), (made.drafted, "draft"))
    told = ", ".join(f"{what} {row.pk}" for row, what in rows if row is not None)
    return f" ({told})" if told else ""
