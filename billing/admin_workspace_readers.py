"""What the other tabs of a workspace's page say: its keys, ledger, latest requests, notes, and who changed what."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.urls import reverse

from accounts import notes
from accounts.models import ApiKey, ProviderKey, Workspace
from accounts.trail_row import TrailRow
from billing import budgets, figures, recent, statements
from billing.models import Move, SubscriptionChange
from billing.paper.movements import words
from billing.present import now as present
from billing.reach import UNBOUNDED
from kernel import money

__all__ = ["READERS"]

SHOWN = 50
_NEAR = 80  # percent of a key's limit


@dataclass(frozen=True)
class KeyLine:
    """A key with its state in a word and, where it has one, how much of its limit is used in percent."""

    key: ApiKey
    badge: str
    word: str
    used: str
    budget: budgets.Budget | None
    width: int

    @property
    def state(self) -> str:
        """How full the limit is: full, near, or nothing to say."""
        return "full" if self.width >= 100 else "near" if self.width > _NEAR else ""


@dataclass(frozen=True)
class LedgerLine:
    """One movement on the workspace's own account, in nano-USD, called as it is called on papers."""

    id: UUID
    number: int
    at: datetime
    kind: str
    idem_key: str
    reason: str
    actor: str
    amount: int
    balance: int

    @property
    def what(self) -> str:
        """What the customer reads."""
        return words(self.kind, self.idem_key)


@dataclass(frozen=True)
class ChangeLine:
    """One change: when, by whom, of what, and the page where it is told whole."""

    at: datetime
    who: str
    subject: str
    change: str
    reason: str
    address: str = ""


_LEDGER = """
WITH legs AS (
    SELECT transaction_id, seq, amount, balance_after FROM billing_ledger_entry
    WHERE workspace_id = %(workspace)s AND seq IS NOT NULL ORDER BY seq DESC LIMIT %(limit)s)
SELECT t.id, seq, t.created_at, t.kind, t.idem_key, t.reason, t.actor, amount, balance_after
FROM legs JOIN billing_ledger_transaction t ON t.id = transaction_id AND t.workspace_id = %(workspace)s
ORDER BY seq DESC
"""


def keys(workspace: Workspace) -> dict[str, Any]:
    """Return the keys of a workspace, those in use first, and its own keys at providers."""
    now = present()
    rows = ApiKey.objects.filter(workspace=workspace, person=None).select_related("created_by")
    found = sorted(rows.order_by("-pk")[: 4 * SHOWN], key=lambda key: key.revoked_at is not None)
    limits = budgets.of_keys(workspace.pk, [key.pk for key in found])
    own = ProviderKey.objects.filter(workspace=workspace, active=True).select_related("provider")
    return {"lines": [_key(key, limits.get(key.pk), now) for key in found], "own_keys": list(own[:SHOWN])}


def ledger_of(workspace: Workspace) -> dict[str, Any]:
    """Return the newest movements on the workspace's account."""
    with connection.cursor() as cursor:
        cursor.execute(_LEDGER, {"workspace": workspace.pk, "limit": SHOWN})
        return {"lines": [LedgerLine(*row) for row in cursor.fetchall()]}


def requests(workspace: Workspace) -> dict[str, Any]:
    """Return the requests that ended last, as the customer reads them, but however old they are."""
    rows = statements.recent(workspace.pk, SHOWN, reach=UNBOUNDED)
    return {"lines": recent.lines(rows, now=present(), zone=ZoneInfo(workspace.time_zone))}


def noted(workspace: Workspace) -> dict[str, Any]:
    """Return what operators noted."""
    return {"lines": notes.latest(workspace.pk), "longest": notes.LONGEST}


def changes(workspace: Workspace) -> dict[str, Any]:
    """Return what was changed of a workspace, its keys, its plan and its money, by operators and by the machinery."""
    trail = [_deed(row) for row in TrailRow.objects.filter(workspace_id=workspace.pk)[:SHOWN]]
    plans = SubscriptionChange.objects.filter(workspace_id=workspace.pk).select_related("to_version__plan")
    moves = Move.objects.filter(workspace_id=workspace.pk).order_by("-asked_at")
    found = [*trail, *map(_plan_change, plans[:SHOWN]), *map(_move, moves[:SHOWN])]
    return {"lines": sorted(found, key=lambda line: line.at, reverse=True)[:SHOWN]}


READERS: Mapping[str, Callable[[Workspace], dict[str, Any]]] = {
    "keys": keys,
    "ledger": ledger_of,
    "requests": requests,
    "notes": noted,
    "audit": changes,
}


def _key(key: ApiKey, budget: budgets.Budget | None, now: datetime) -> KeyLine:
    badge, word = "ok", "in use"
    if key.revoked_at is not None:
        badge, word = "cut", "revoked"
    elif key.expires_at is not None and key.expires_at <= now:
        badge, word = "cut", "expired"
    width = budget.percent if budget else 0
    used = "never" if key.last_used_at is None else figures.age(now - key.last_used_at)
    return KeyLine(key, badge, word, used, budget, width)


def _deed(row: TrailRow) -> ChangeLine:
    fields = ", ".join(row.changes)
    said = row.said or f"{row.get_verb_display()} {fields}".strip()
    return ChangeLine(
        row.at,
        row.actor,
        f"{row.object}",
        said,
        row.reason,
        reverse("admin:accounts_trailrow_change", args=[row.pk]),
    )


def _plan_change(row: SubscriptionChange) -> ChangeLine:
    said = f"{row} from {row.takes_effect_on}"
    return ChangeLine(row.created_at, row.actor, "Plan", said, row.reason)


def _move(row: Move) -> ChangeLine:
    said = f"{row.get_kind_display().partition(':')[0]} of ${money.show(row.amount, decimals=2)}, {row.get_status_display()}"
    address = reverse("admin:billing_move_change", args=[row.pk])
    return ChangeLine(row.asked_at, row.asked_by, "Money", said, row.reason, address)
