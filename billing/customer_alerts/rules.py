"""What people do to the alerts of their workspace: add, switch and take away, each with its line in the trail."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet

from accounts import rates
from accounts.models import ApiKey, Member, Workspace
from billing.models import CustomerAlert
from kernel import clock
from kernel.deeds import Deed, Verb, tell

from . import episodes
from .meeting import usd

__all__ = ["MOST", "Known", "TooMany", "Wish", "add", "known", "remove", "switch", "words"]

MOST = 20
"""How many alerts a workspace has at most."""
_MADE_A_MINUTE = 10


class TooMany(Exception):
    """The workspace has as many alerts as it may have."""


class Known(Exception):
    """The workspace has this alert already."""


@dataclass(frozen=True, slots=True)
class Wish:
    """An alert as it is wished for: an amount in nano-USD, or a share in percent, as its kind needs."""

    kind: str
    amount: int | None
    percent: int | None
    api_key: ApiKey | None
    by_mail: bool


def known(workspace_id: int) -> QuerySet[CustomerAlert]:
    """Return the alerts that a workspace has."""
    found = CustomerAlert.objects.filter(workspace_id=workspace_id, removed_at=None)
    return found.select_related("api_key", "created_by").order_by("pk")


def add(by: Member, wish: Wish) -> CustomerAlert:
    """Save an alert. Raises rates.TooOften, TooMany beyond MOST, Known."""
    rates.take("alert-creation", str(by.workspace_id), limit=_MADE_A_MINUTE)
    same = {"kind": wish.kind, "amount": wish.amount, "percent": wish.percent, "api_key": wish.api_key}
    with transaction.atomic():
        Workspace.objects.select_for_update(no_key=True, of=("self",)).get(pk=by.workspace_id)
        have = CustomerAlert.objects.filter(workspace_id=by.workspace_id, removed_at=None)
        if have.filter(**same).exists():
            raise Known
        if have.count() >= MOST:
            raise TooMany
        made = CustomerAlert.objects.create(
            workspace_id=by.workspace_id, by_mail=wish.by_mail, created_by=by.user, **same
        )
        _tell(by, "add", made, f"Added the alert “{words(made)}”.")
    return made


@transaction.atomic
def switch(by: Member, alert: CustomerAlert, *, on: bool) -> None:
    """Have an alert looked at, or not; one that is switched on begins a new episode, as nobody watched the last one."""
    alert.active = on
    alert.save(update_fields=["active"])
    if on:
        episodes.over(CustomerAlert.objects.filter(pk=alert.pk))
    _tell(by, "change", alert, f"Switched the alert “{words(alert)}” {'on' if on else 'off'}.")


@transaction.atomic
def remove(by: Member, alert: CustomerAlert) -> None:
    """Take an alert away; what it told stays in the history."""
    alert.removed_at = clock.now()
    alert.save(update_fields=["removed_at"])
    _tell(by, "delete", alert, f"Took the alert “{words(alert)}” away.")


def words(alert: CustomerAlert) -> str:
    """Say when an alert is met, in a few words."""
    of = CustomerAlert.Kind
    key = f"Key {alert.api_key.name}" if alert.api_key is not None else "Any key"
    amount = usd(alert.amount or 0)
    return {
        of.SPEND: f"Spend of the month reaches {amount}",
        of.FORECAST: f"Forecast of the month passes {amount}",
        of.KEY: f"{key} has used {alert.percent} % of its limit",
        of.ERRORS: f"{alert.percent} % of requests fail",
        of.BALANCE: f"Balance falls below {amount}",
    }[of(alert.kind)]


def _tell(by: Member, verb: Verb, alert: CustomerAlert, said: str) -> None:
    tell(Deed(verb, alert, said, actor=str(by.user), actor_id=by.user_id))
