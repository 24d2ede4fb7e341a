"""How an operator finds what a caller names: a person, a workspace, a key, a request, a movement or a paper, each by an index.

A whole key is never looked up: it would be written into logs by whoever searches for it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Upper

from accounts.models import ApiKey, Member, User, Workspace
from billing.models import Paper
from billing.refusals import minute_of
from kernel import ids

__all__ = ["LONGEST", "MOST", "SHORTEST", "Hit", "May", "find"]

SHORTEST, LONGEST = 2, 100
MOST = 8
"""How many of a kind are found at most."""
_LAST_REVISION = 255
_LATEST_MINUTE = 2**31 - 1
_PAPER = re.compile(r"([A-Za-z]{1,4})-?0*(\d{1,12})\Z")
_ENDS = re.compile(r"(rk_[0-9a-f]{0,13})?(?:…|\.{2,3})([0-9a-f]{4})\Z", re.IGNORECASE)

May = Callable[[str], bool]
"""Tells whether whoever asks has a permission, as "app.codename"."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that was found: which model's row it is, what it is called, and what there is to know of it."""

    model: str
    key: str
    title: str
    about: str


def find(term: str, *, may: May) -> list[Hit]:
    """Return what a term means, of what may be seen: at most MOST of each kind, by five queries at most."""
    term = term.strip()
    if not SHORTEST <= len(term) <= LONGEST or ids.key_is_shaped(term.lower()):
        return []
    try:
        return list(_by_id(UUID(term), may))
    except ValueError:
        return list(_by_words(term, may))


def _by_words(term: str, may: May) -> Iterator[Hit]:
    if may("accounts.view_workspace"):
        yield from _workspaces(term)
    if may("accounts.view_user"):
        yield from _people(term, places=may("accounts.view_workspace") and may("accounts.view_member"))
    if may("accounts.view_apikey"):
        yield from _keys(term)
    if may("billing.view_paper"):
        yield from _papers(term)


def _workspaces(term: str) -> Iterator[Hit]:
    rows = Workspace.objects.filter(Q(name__istartswith=term) | Q(slug__istartswith=term))
    for row in rows.select_related("plan_version__plan").order_by(Upper("name"), "pk")[:MOST]:
        about = f"workspace {row.slug}, {row.plan_version}, {row.status}"
        yield Hit("accounts.workspace", str(row.pk), row.name, about)


def _people(term: str, *, places: bool) -> Iterator[Hit]:
    people = list(User.objects.filter(email__istartswith=term).order_by(Upper("email"))[:MOST])
    for person in people:
        yield Hit("accounts.user", str(person.pk), person.email, "operator" if person.is_staff else "person")
    if not places:
        return
    seats = Member.objects.filter(user__in=people).select_related("workspace", "user").order_by("pk")
    for seat in seats[:MOST]:
        about = f"workspace of {seat.user.email}, {seat.role}"
        yield Hit("accounts.workspace", str(seat.workspace_id), seat.workspace.name, about)


def _keys(term: str) -> Iterator[Hit]:
    ends = _ENDS.match(term)
    if ends is not None:
        wanted = Q(last_four__iexact=ends[2], prefix__istartswith=ends[1] or "")
    else:
        wanted = Q(prefix__istartswith=term) | Q(last_four__iexact=term)
    rows = ApiKey.objects.filter(wanted, person=None).select_related("workspace")
    for row in rows.order_by("-pk")[:MOST]:
        state = "in use" if row.revoked_at is None else "revoked"
        yield Hit("accounts.apikey", str(row.pk), str(row), f"key of {row.workspace}, {state}")


def _papers(term: str) -> Iterator[Hit]:
    named = _PAPER.match(term)
    if named is None:
        return
    for paper in Paper.objects.filter(series=named[1].upper(), number=int(named[2])):
        yield Hit("billing.paper", str(paper.pk), paper.label, paper.get_kind_display())


_PARTS: Mapping[str, tuple[str, str]] = {
    "billing.view_usageevent": (
        "billing.usageevent",
        "SELECT id, workspace_id, 'request, ' || status AS about FROM billing_usage_event"
        " WHERE id BETWEEN %(first)s AND %(last)s",
    ),
    "billing.view_admission": (
        "billing.admission",
        "SELECT request_id, workspace_id, 'request, open now' FROM billing_admission WHERE request_id = %(first)s",
    ),
    "billing.view_refusal": (
        "billing.refusal",
        "SELECT request_id, workspace_id, 'refused, ' || code FROM billing_refusal"
        " WHERE minute_no = %(minute)s AND request_id = %(id)s",
    ),
    "billing.view_ledgertransaction": (
        "billing.ledgertransaction",
        "SELECT id, workspace_id, 'movement, ' || kind FROM billing_ledger_transaction WHERE id = %(id)s",
    ),
    "billing.view_move": (
        "billing.move",
        "SELECT id, workspace_id, 'movement by hand, ' || status FROM billing_move WHERE id = %(id)s",
    ),
}
"""By permission: the model, and the statement that finds its row by an index."""


def _by_id(wanted: UUID, may: May) -> Iterator[Hit]:
    parts = [
        f"(SELECT '{model}' AS model, each.* FROM ({statement} LIMIT {MOST}) each (id, workspace_id, about))"
        for permission, (model, statement) in _PARTS.items()
        if may(permission)
    ]
    if not parts:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT model, found.id, about, coalesce(w.name, 'workspace ' || workspace_id)
                FROM ({" UNION ALL ".join(parts)}) found LEFT JOIN accounts_workspace w ON w.id = workspace_id""",
            _bounds(wanted),
        )
        for model, key, about, workspace in cursor.fetchall():
            yield Hit(model, str(key), str(key), f"{about}, of {workspace}")


def _bounds(wanted: UUID) -> dict[str, Any]:
    first = UUID(int=wanted.int & ~_LAST_REVISION)
    return {
        "id": wanted,
        "first": first,
        "last": ids.revision_id(first, _LAST_REVISION),
        "minute": min(minute_of(wanted), _LATEST_MINUTE),
    }
