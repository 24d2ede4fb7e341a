"""When a workspace may go: what stands against it, and the sweep that ends those whose day has come."""

from django.db import transaction

from accounts import farewells
from accounts.models import Farewell, Workspace
from billing import statements
from billing.customer_alerts import keeping
from billing.models import BillingDetails
from billing.subscriptions import book
from kernel import money

__all__ = ["against", "finish_due"]


def against(workspace: Workspace) -> list[str]:
    """Return what must be settled before a workspace can be deleted, in sentences; nothing where it can."""
    found = []
    balance = statements.balance(workspace.pk)
    owed = balance.unbilled - balance.posted
    if owed > 0:
        found.append(f"${money.show(owed, decimals=2)} is owed. Add credit first.")
    subscription = book.active(workspace.pk)
    if subscription is not None and subscription.plan_version.price_nano:
        name = subscription.plan_version.plan.name
        found.append(f"The subscription to {name} runs. End it on the page Plan, and wait for its last day.")
    if balance.open_requests:
        found.append(f"{balance.open_requests} requests are running. They end within minutes.")
    return found


def finish_due() -> int:
    """Delete what is due and return how many; what something stands against is told why, and tried again later."""
    return sum(_finished(row) for row in farewells.due())


def _finished(row: Farewell) -> bool:
    reasons = against(row.workspace) if row.workspace is not None else []
    if not reasons:
        try:
            with transaction.atomic():
                erased = farewells.erase(row)
                if erased and row.workspace_id is not None:
                    BillingDetails.objects.filter(pk=row.workspace_id).delete()
                    keeping.erase(row.workspace_id)
                return erased
        except farewells.SoleOwner as error:
            reasons = [f"You are the only owner of {error}."]
    Farewell.objects.filter(pk=row.pk, ended_at=None).update(waits_for=" ".join(reasons)[:300])
    return False
