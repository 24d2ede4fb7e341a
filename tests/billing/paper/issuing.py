"""Makes what tests of papers start from: somebody who issues, and workspaces with movements."""

import datetime
from uuid import UUID

from accounts.models import Workspace
from billing import ledger, rollup
from billing.models import PaperIssuer
from kernel import ids
from tests.billing import rows

DOLLAR = 1_000_000_000


def issuer() -> PaperIssuer:
    """Say who issues papers."""
    made, _ = PaperIssuer.objects.update_or_create(
        pk=1,
        defaults={
            "legal_name": "Tollway Operations GmbH",
            "line1": "Kastanienallee 1",
            "postal_code": "10435",
            "city": "Berlin",
            "country": "DE",
            "tax_id": "DE123456789",
            "email": "papers@tollway.example",
            "note": "Amtsgericht Charlottenburg HRB 12345",
        },
    )
    return made


def workspace() -> int:
    """Save a workspace and return its id."""
    made = rows.workspace()
    Workspace.objects.filter(pk=made).update(name="Northwind Labs")
    return made


def move(
    workspace: int,
    kind: ledger.Kind,
    amount: int,
    *,
    day: datetime.date | None = None,
    key: str = "",
    offset: ledger.System = ledger.System.CLEARING,
) -> UUID:
    """Post a movement of nano-USD."""
    return ledger.post(
        workspace_id=workspace,
        kind=kind,
        amount=amount,
        offset=offset,
        idem_key=key or f"test:{ids.request_id()}",
        reason="a test",
        day=day,
    )


def top_up(workspace: int, amount: int = 25 * DOLLAR, **terms: object) -> UUID:
    """Post a top-up of nano-USD."""
    return move(workspace, ledger.Kind.TOP_UP, amount, **terms)  # type: ignore[arg-type]


def charge(workspace: int) -> None:
    """Post all that is settled."""
    rollup.close(workspace)
    rollup.post(workspace)
