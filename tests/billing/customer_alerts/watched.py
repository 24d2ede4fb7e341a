"""Workspaces with alerts of their own, people who are told, and rounds at chosen moments."""

import secrets
from datetime import datetime
from typing import Any

from accounts.models import ApiKey, Member, Workspace
from billing.customer_alerts import rounds
from billing.models import CustomerAlert, CustomerEndpoint, CustomerFiring
from catalog import credentials
from tests.accounts.rows import person
from tests.billing import rows

__all__ = ["SECRET", "USD", "alert", "endpoint", "fired", "key", "look", "place"]

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
USD = 10**9


def place(**facts: Any) -> Workspace:
    """Save a workspace with an owner."""
    number = rows.workspace()
    Workspace.objects.filter(pk=number).update(**facts) if facts else None
    found = Workspace.objects.get(pk=number)
    person(found)
    return found


def alert(workspace: Workspace, kind: str, **fields: Any) -> CustomerAlert:
    """Save an alert, made by the owner."""
    owner = Member.objects.filter(workspace=workspace)[0].user
    return CustomerAlert.objects.create(workspace=workspace, kind=kind, created_by=owner, **fields)


def endpoint(workspace: Workspace, address: str, **fields: Any) -> CustomerEndpoint:
    """Save an endpoint, made by the owner."""
    owner = Member.objects.filter(workspace=workspace)[0].user
    return CustomerEndpoint.objects.create(
        workspace=workspace,
        address=address,
        sealed=credentials.encrypt(SECRET),
        created_by=owner,
        **fields,
    )


def key(workspace: Workspace, name: str = "backend-prod") -> ApiKey:
    """Save a key whose secret nobody has."""
    return ApiKey.objects.create(
        workspace=workspace,
        name=name,
        digest=secrets.token_bytes(32),
        prefix="rk_abcdef",
        last_four="0000",
    )


def look(now: datetime) -> int:
    """Make a round; return how many were met anew."""
    return rounds.make(now, seconds=30)


def fired(of: CustomerAlert) -> list[CustomerFiring]:
    """Return the firings of an alert, the oldest first."""
    return list(CustomerFiring.objects.filter(alert=of).order_by("fired_at", "pk"))
