"""How inference keys come and go: minted once in clear, kept as a digest, revoked for good."""

from datetime import datetime

from django.conf import settings

from kernel import clock, ids

from .models import ApiKey, User, Workspace

__all__ = ["mint", "revoke"]

_PREFIX_LENGTH = len("rk_") + 6


def mint(
    workspace: Workspace,
    *,
    name: str,
    created_by: User | None = None,
    expires_at: datetime | None = None,
    default_tag: str = "",
) -> tuple[ApiKey, str]:
    """Save a new key and return it with its secret, which cannot be had again.

    `expires_at` is a moment in UTC. Raises IntegrityError if that is not after the present.
    """
    secret = ids.mint_key()
    key = ApiKey.objects.create(
        workspace=workspace,
        name=name,
        digest=ids.digest_key(secret, pepper=settings.KEY_PEPPER),
        prefix=secret[:_PREFIX_LENGTH],
        last_four=secret[-4:],
        created_by=created_by,
        expires_at=expires_at,
        default_tag=default_tag,
    )
    return key, secret


def revoke(key: ApiKey) -> bool:
    """End a key for good; tell whether it was still in use. A second revocation keeps the first moment."""
    moment = clock.now()
    ended = ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=moment)
    key.refresh_from_db(fields=["revoked_at"])
    return bool(ended)
