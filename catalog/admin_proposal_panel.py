"""What an operator is told of a proposal: both sides of it, what approving does, on whose word, and who decided."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils.html import format_html
from django.utils.safestring import SafeString

from .admin_page import link
from .models import Proposal
from .proposals import figures, standing, telling
from .proposals.applying import kept_sell
from .proposals.telling import Line

__all__ = ["Panel", "badge", "panel"]

Kind, Status = Proposal.Kind, Proposal.Status
_UNITS = {
    Kind.COST: "Cost, USD per million, or per piece",
    Kind.UNPRICED: "Sell price, USD per million, or per piece",
}
_EVIDENCE = ("source", "page", "in force since", "refused", "other prices", "note")
_BADGES = {Status.APPROVED: "", Status.REJECTED: "cut", Status.WITHDRAWN: "cut"}


@dataclass(frozen=True, slots=True)
class Panel:
    """What stands above a proposal: its figures, the sell price that would follow, effects, evidence, decision."""

    proposal: Proposal
    unit: str
    lines: Sequence[Line]
    sell: Sequence[Line]
    untouched: str
    below_cost: str
    effects: Sequence[str]
    why_two: str
    evidence: Sequence[tuple[str, str]]
    first: str
    decision: str
    results: Sequence[str]


def panel(proposal: Proposal) -> Panel:
    """Return all that is said of a proposal."""
    waits = proposal.status == Status.OPEN
    sell, untouched = _sell(proposal) if waits else ([], "")
    return Panel(
        proposal,
        _UNITS.get(Kind(proposal.kind), ""),
        telling.lines(proposal),
        sell,
        untouched,
        _below_cost(proposal) if waits else "",
        telling.effects(proposal) if waits else (),
        f"A move of more than {settings.PROPOSAL_JUMP_PERCENT} %, from nothing, or from or to zero.",
        [(name, str(proposal.evidence[name])) for name in _EVIDENCE if proposal.evidence.get(name)],
        _person(proposal.first_by),
        _decision(proposal),
        [
            link(row)
            for row in (proposal.cost_version, proposal.sell_version, proposal.drafted)
            if row is not None
        ],
    )


def badge(proposal: Proposal) -> SafeString:
    """Return a proposal's state in a word with a mark."""
    if proposal.held:
        return format_html('<span class="badge waits">{}</span>', "waits for a second")
    if proposal.status == Status.OPEN:
        return format_html('<span class="badge begun">{}</span>', "open")
    mark = _BADGES[Status(proposal.status)]
    return format_html('<span class="badge {}" title="{}">{}</span>', mark, proposal.reason, proposal.status)


def _sell(proposal: Proposal) -> tuple[Sequence[Line], str]:
    kept = kept_sell(proposal)
    if kept is None or proposal.model is None:
        return [], ""
    now = standing.in_force([proposal.model], None)[proposal.model.pk]
    return telling.rate_lines(now.rates, kept.rates), ", ".join(kept.untouched)


def _below_cost(proposal: Proposal) -> str:
    """Return which classes the sell price of today would sell for less than they cost."""
    if proposal.kind != Kind.COST or proposal.model is None:
        return ""
    sell = standing.in_force([proposal.model], None).get(proposal.model.pk)
    if sell is None:
        return ""
    cost = figures.read_back(proposal.after["rates"])
    return ", ".join(name for name in cost if figures.below(sell.rates, cost, name))


def _decision(proposal: Proposal) -> str:
    if proposal.decided_at is None:
        return ""
    by = f" by {_person(proposal.decided_by)}" if proposal.decided_by is not None else ""
    first = (
        f", after {_person(proposal.first_by)}"
        if proposal.status == Status.APPROVED and proposal.first_by
        else ""
    )
    return (
        f"{proposal.get_status_display().capitalize()}{by}{first}, {proposal.decided_at:%Y-%m-%d %H:%M} UTC"
    )


def _person(key: int | None) -> str:
    if key is None:
        return ""
    person = get_user_model()._default_manager.filter(pk=key).first()
    return str(person) if person is not None else f"person {key}"
