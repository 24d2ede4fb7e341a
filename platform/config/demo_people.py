"""Who the demo has: an operator, and a customer with workspace, plan, credit and key; and where their secrets go."""

import json
import os
import secrets
from pathlib import Path
from typing import Any

from django.db import transaction

from accounts import keys, workspaces
from accounts.models import User
from billing import ledger
from billing.credits import withholding
from billing.models import PaperIssuer
from billing.subscriptions import book
from catalog import plans
from kernel import clock, money

__all__ = ["CUSTOMER", "OPERATOR", "as_json", "ensure"]

OPERATOR = "operator@tollway.test"
CUSTOMER = "customer@tollway.test"
MODEL = "route/deepseek-v3.2"
WORKSPACE = "Northwind Labs"
PLAN = "max"
CREDIT_USD = 100
ISSUER = {
    "legal_name": "Tollway Demo",
    "line1": "1 Example Street",
    "city": "Springfield",
    "country": "US",
    "email": "papers@tollway.test",
    "note": "A demo: this paper documents nothing.",
}


def ensure(target: Path | None) -> dict[str, Any] | None:
    """Make operator and customer unless both exist, write their secrets to `target` (if any), and return them.

    Returns None if nothing was missing. The file is in place before the commit: a crash between the two
    leaves secrets of nobody, never somebody without secrets. Raises OSError if it cannot be written.
    """
    with transaction.atomic():
        made: dict[str, Any] = {}
        if not User.objects.filter(email=OPERATOR).exists():
            made["operator"] = _operator()
        if not User.objects.filter(email=CUSTOMER).exists():
            made |= _customer()
        if made and target is not None:
            _keep(target, made)
    return made or None


def as_json(made: dict[str, Any]) -> str:
    """Write the secrets as they are kept."""
    return json.dumps(made, indent=2)


def _operator() -> dict[str, str]:
    password = secrets.token_urlsafe(12)
    User.objects.create_superuser(OPERATOR, password, name="Demo operator")
    return {"email": OPERATOR, "password": password}


def _customer() -> dict[str, Any]:
    password = secrets.token_urlsafe(12)
    user = User.objects.create_user(CUSTOMER, password, name="Demo customer")
    terms = plans.newest(PLAN)
    if terms is None:
        raise LookupError(f"the demo's catalogue has no plan {PLAN!r}")
    workspace = workspaces.create(WORKSPACE, plan_version=terms, owner=user)
    _, secret = keys.mint(workspace, name="Demo key", created_by=user)
    ledger.post(
        workspace_id=workspace.pk,
        kind=ledger.Kind.TOP_UP,
        amount=money.from_usd(CREDIT_USD),
        offset=ledger.System.CLEARING,
        idem_key=f"demo:{workspace.pk}",
        reason="Credit of the demo",
        actor="demo",
    )
    # Its credits come with the next sweep, as they do each month.
    book.new(workspace.pk, terms, clock.utc_day(clock.now()))
    PaperIssuer.objects.get_or_create(pk=1, defaults=ISSUER)
    withholding.set_spill(
        workspace.pk, enabled=True, monthly_ceiling=money.from_usd(CREDIT_USD), actor="demo"
    )
    return {"api_key": secret, "model": MODEL, "customer": {"email": CUSTOMER, "password": password}}


def _keep(target: Path, made: dict[str, Any]) -> None:
    known = json.loads(target.read_text()) if target.exists() else {}
    draft = target.with_name(f"{target.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(as_json(known | made) + "\n")
    draft.replace(target)
