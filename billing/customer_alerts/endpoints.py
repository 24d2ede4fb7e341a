"""Where a workspace has its alerts posted: made with a secret that is shown once, renewed, switched off, taken away."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from accounts import rates
from accounts.models import Member, Workspace
from billing.alerting import signing
from billing.models import CustomerEndpoint
from catalog import credentials
from kernel import addresses, clock
from kernel.deeds import Deed, Verb, tell

__all__ = [
    "MOST",
    "OVERLAP",
    "Known",
    "TooMany",
    "add",
    "check",
    "in_use",
    "known",
    "remove",
    "renew",
    "secrets",
    "switch",
]

MOST = 5
"""How many endpoints a workspace has at most."""
OVERLAP = timedelta(hours=24)
"""For so long after a secret was renewed, the one before signs as well."""
_CHANGES_A_MINUTE = 10


class TooMany(Exception):
    """The workspace has as many endpoints as it may have."""


class Known(Exception):
    """The workspace has this endpoint already."""


def check(address: str) -> None:
    """Raise addresses.RefusedAddress for what must not be called; what its name stands for is looked at in each call."""
    addresses.check_url(address, private=settings.CUSTOMER_WEBHOOKS_PRIVATE)


def known(workspace_id: int) -> QuerySet[CustomerEndpoint]:
    """Return the endpoints that a workspace has."""
    return CustomerEndpoint.objects.filter(workspace_id=workspace_id, removed_at=None).order_by("pk")


def in_use(workspaces: Collection[int]) -> Sequence[CustomerEndpoint]:
    """Return the endpoints of some workspaces that are on. One statement."""
    found = CustomerEndpoint.objects.filter(workspace_id__in=workspaces, removed_at=None, active=True)
    return list(found.order_by("pk"))


def add(by: Member, address: str) -> tuple[CustomerEndpoint, str]:
    """Save an endpoint and return it with its secret, which cannot be had again.

    Raises addresses.RefusedAddress, rates.TooOften, TooMany beyond MOST, Known.
    """
    check(address)
    _take(by)
    secret = signing.make_secret()
    with transaction.atomic():
        Workspace.objects.select_for_update(no_key=True, of=("self",)).get(pk=by.workspace_id)
        have = known(by.workspace_id)
        if have.filter(address=address).exists():
            raise Known
        if have.count() >= MOST:
            raise TooMany
        sealed = credentials.encrypt(secret)
        made = CustomerEndpoint.objects.create(
            workspace_id=by.workspace_id, address=address, sealed=sealed, created_by=by.user
        )
        _tell(by, "add", made, f"Added the endpoint at {made.host}. Its secret was shown once.")
    return made, secret


@transaction.atomic
def renew(by: Member, endpoint: CustomerEndpoint) -> str:
    """Give an endpoint a new secret and return it; the one before signs as well for OVERLAP. Raises rates.TooOften."""
    _take(by)
    secret = signing.make_secret()
    found = CustomerEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    found.sealed_before, found.sealed = found.sealed, credentials.encrypt(secret)
    found.renewed_at = clock.now()
    found.save(update_fields=["sealed", "sealed_before", "renewed_at"])
    _tell(by, "change", found, f"Renewed the secret of the endpoint at {found.host}.")
    return secret


@transaction.atomic
def switch(by: Member, endpoint: CustomerEndpoint, *, on: bool) -> None:
    """Have alerts posted to an endpoint, or not."""
    endpoint.active = on
    endpoint.save(update_fields=["active"])
    _tell(by, "change", endpoint, f"Switched the endpoint at {endpoint.host} {'on' if on else 'off'}.")


@transaction.atomic
def remove(by: Member, endpoint: CustomerEndpoint) -> None:
    """Take an endpoint away: nothing more is posted there, and what was stays in the log."""
    endpoint.removed_at = clock.now()
    endpoint.save(update_fields=["removed_at"])
    _tell(by, "delete", endpoint, f"Took the endpoint at {endpoint.host} away.")


def secrets(endpoint: CustomerEndpoint, now: datetime) -> Sequence[bytes]:
    """Return what signs now, sealed: the secret, and for a while the one before."""
    sealed = [bytes(endpoint.sealed)]
    if endpoint.renewed_at is not None and now - endpoint.renewed_at < OVERLAP:
        sealed.append(bytes(endpoint.sealed_before))
    return sealed


def _take(by: Member) -> None:
    rates.take("alert-endpoints", str(by.workspace_id), limit=_CHANGES_A_MINUTE)


def _tell(by: Member, verb: Verb, endpoint: CustomerEndpoint, said: str) -> None:
    tell(Deed(verb, endpoint, said, actor=str(by.user), actor_id=by.user_id))
