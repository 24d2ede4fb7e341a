"""`manage.py rotate_credentials`: seals every secret of providers and webhooks anew, so that an old key of ours can go."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Model, QuerySet

from accounts.models import ProviderKey
from billing.models import AlertChannel, CustomerEndpoint
from catalog import credentials
from catalog.models import EndpointKey


class Command(BaseCommand):
    """Seal anew what older keys sealed. It can be stopped and run again: each secret is done by itself."""

    help = (
        "Seal every stored secret with the newest of TOLLWAY_CREDENTIAL_KEYS. First put a new key before the old ones "
        "and restart everything, then run this; once it says that none is left, the old keys can go."
    )

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        tallies = {"Keys of ours": _of_ours(), "Customers' own keys": _own(), "Webhooks": _webhooks()}
        self.stdout.write(f"{'':<22} {'sealed anew':>11} {'up to date':>11} {'unreadable':>11}")
        for what, tally in tallies.items():
            self.stdout.write(f"{what:<22} {tally.anew:>11} {tally.new:>11} {len(tally.unreadable):>11}")
        unreadable = [name for tally in tallies.values() for name in tally.unreadable]
        if unreadable:
            raise CommandError(
                "Sealed with a key that TOLLWAY_CREDENTIAL_KEYS does not list, and left as they are:\n"
                + "\n".join(f"  {name}" for name in unreadable)
                + "\nList that key again and repeat this, or enter these secrets anew."
            )


@dataclass
class _Tally:
    anew: int = 0
    new: int = 0
    unreadable: list[str] = field(default_factory=list)

    def __add__(self, other: "_Tally") -> "_Tally":
        return _Tally(self.anew + other.anew, self.new + other.new, self.unreadable + other.unreadable)


def _of_ours() -> _Tally:
    return _rotate(EndpointKey.objects.select_related("endpoint__provider"), lambda key: str(key))


def _own() -> _Tally:
    own = ProviderKey.objects.filter(active=True).select_related("provider", "workspace")
    return _rotate(own, lambda key: f"{key.workspace.slug} at {key}")


def _webhooks() -> _Tally:
    theirs = CustomerEndpoint.objects.filter(removed_at=None).select_related("workspace")

    def name(endpoint: CustomerEndpoint) -> str:
        return f"{endpoint.workspace.slug}'s webhook at {endpoint}"

    before = _rotate(theirs.exclude(sealed_before=b""), name, column="sealed_before")
    channels = AlertChannel.objects.filter(kind=AlertChannel.Kind.WEBHOOK)
    return _rotate(channels, lambda channel: f"channel {channel}") + _rotate(theirs, name) + before


def _rotate(rows: QuerySet[Any], name: Callable[[Any], str], *, column: str = "sealed") -> _Tally:
    tally = _Tally()
    for row in rows.order_by("pk").iterator(chunk_size=500):
        try:
            sealed = credentials.reseal(bytes(getattr(row, column)))
        except credentials.Unreadable:
            tally.unreadable.append(f"{name(row)} (number {row.pk})")
            continue
        if sealed is not None and _swap(row, column, sealed):
            tally.anew += 1
        else:
            tally.new += 1
    return tally


def _swap(row: Model, column: str, sealed: bytes) -> bool:
    # What was replaced in the meantime was sealed with the newest key by that.
    unchanged = type(row)._default_manager.filter(pk=row.pk, **{column: getattr(row, column)})
    return unchanged.update(**{column: sealed}) == 1
