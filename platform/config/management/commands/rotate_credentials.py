"""`manage.py rotate_credentials`: seals every secret of a provider anew, so that an old key of ours can be let go."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Model, QuerySet

from accounts.models import ProviderKey
from catalog import credentials
from catalog.models import EndpointKey


class Command(BaseCommand):
    """Seal anew what older keys sealed. It can be stopped and run again: each secret is done by itself."""

    help = (
        "Seal every stored secret with the newest of TOLLWAY_CREDENTIAL_KEYS. First put a new key before the old ones "
        "and restart everything, then run this; once it says that none is left, the old keys can go."
    )

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        ours = _rotate(EndpointKey.objects.select_related("endpoint__provider"), lambda key: str(key))
        own = _rotate(
            ProviderKey.objects.filter(active=True).select_related("provider", "workspace"),
            lambda key: f"{key.workspace.slug} at {key}",
        )
        self.stdout.write(f"{'':<22} {'sealed anew':>11} {'up to date':>11} {'unreadable':>11}")
        for what, tally in (("Keys of ours", ours), ("Customers' own keys", own)):
            self.stdout.write(f"{what:<22} {tally.anew:>11} {tally.new:>11} {len(tally.unreadable):>11}")
        unreadable = ours.unreadable + own.unreadable
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


def _rotate(rows: QuerySet[Any], name: Callable[[Any], str]) -> _Tally:
    tally = _Tally()
    for row in rows.order_by("pk").iterator(chunk_size=500):
        try:
            sealed = credentials.reseal(bytes(row.sealed))
        except credentials.Unreadable:
            tally.unreadable.append(f"{name(row)} (number {row.pk})")
            continue
        if sealed is not None and _swap(row, sealed):
            tally.anew += 1
        else:
            tally.new += 1
    return tally


def _swap(row: Model, sealed: bytes) -> bool:
    # What was replaced in the meantime was sealed with the newest key by that.
    unchanged = type(row)._default_manager.filter(pk=row.pk, sealed=row.sealed)  # type: ignore[attr-defined]
    return unchanged.update(sealed=sealed) == 1
