"""How inference keys come and go: minted once in clear, kept as a digest, given a new secret, revoked for good."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from kernel import clock, ids

from . import powers
from .models import ApiKey, User, Workspace
from .powers import Power

__all__ = [
    "LONGEST_GRACE",
    "MOST_KEYS",
    "TooMany",
    "amend",
    "in_reach",
    "is_over",
    "known",
    "may_manage",
    "mint",
    "revoke",
    "rotate",
]

LONGEST_GRACE = 7 * 24 * 3600
MOST_KEYS = 500
_PREFIX_LENGTH = len("rk_") + 6


class TooMany(Exception):
    """The workspace has as many keys as it may have."""


def mint(
    workspace: Workspace,
    *,
    name: str,
    created_by: User | None = None,
    expires_at: datetime | None = None,
    default_tag: str = "",
    allowed_models: Sequence[str] | None = None,
) -> tuple[ApiKey, str]:
    """Save a new key and return it with its secret, which cannot be had again.

    `expires_at` is a moment in UTC; `allowed_models` are ids, None for all that the plan includes. Raises
    IntegrityError if it expires before it begins, TooMany beyond MOST_KEYS keys in use.
    """
    if ApiKey.objects.filter(_in_use(), workspace=workspace).count() >= MOST_KEYS:
        raise TooMany
    secret = ids.mint_key()
    key = ApiKey.objects.create(
        workspace=workspace,
        name=name,
        digest=_digest(secret),
        prefix=secret[:_PREFIX_LENGTH],
        last_four=secret[-4:],
        created_by=created_by,
        expires_at=expires_at,
        default_tag=default_tag,
        allowed_models=allowed_models,
    )
    return key, secret


def may_manage(role: str) -> bool:
    """Tell whether a role may create keys, and see and end some."""
    return powers.may(role, Power.OWN_KEYS)


def in_reach(workspace_id: int, *, role: str, person_id: int) -> QuerySet[ApiKey]:
    """Return the keys in use that a role may see and end: all of the workspace, only one's own, or none."""
    return known(workspace_id, role=role, person_id=person_id).filter(_in_use())


def known(workspace_id: int, *, role: str, person_id: int) -> QuerySet[ApiKey]:
    """Return the keys that a role may see, the revoked ones too. Rows of people's own usage are no keys."""
    keys = ApiKey.objects.filter(workspace_id=workspace_id, person=None)
    if powers.may(role, Power.EVERY_KEY):
        return keys
    return keys.filter(created_by_id=person_id) if powers.may(role, Power.OWN_KEYS) else keys.none()


def is_over(key: ApiKey) -> bool:
    """Tell whether a key's time has passed."""
    return key.expires_at is not None and key.expires_at <= clock.now()


def amend(
    key: ApiKey,
    *,
    name: str,
    expires_at: datetime | None,
    default_tag: str,
    allowed_models: Sequence[str] | None,
) -> None:
    """Change what a key is called and what it opens; workers go by it within two seconds.

    Raises ApiKey.DoesNotExist if the key is not in use, IntegrityError if it would expire before it began.
    """
    facts = {
        "name": name,
        "expires_at": expires_at,
        "default_tag": default_tag,
        "allowed_models": allowed_models,
    }
    if not ApiKey.objects.filter(_in_use(), pk=key.pk).update(**facts):
        raise ApiKey.DoesNotExist
    key.refresh_from_db(fields=list(facts))


@transaction.atomic
def rotate(key: ApiKey, *, grace_seconds: int = 0) -> str:
    """Give a key a new secret and return it; the one before works for `grace_seconds` more, any older one no longer.

    Raises ValueError if the grace is not from 0 to LONGEST_GRACE, ApiKey.DoesNotExist if the key is not in use.
    """
    if not 0 <= grace_seconds <= LONGEST_GRACE:
        raise ValueError(f"grace_seconds: it must be from 0 to {LONGEST_GRACE}")
    row = ApiKey.objects.select_for_update().get(_in_use(), pk=key.pk)
    secret = ids.mint_key()
    retiring = grace_seconds > 0
    row.retired_digest = row.digest if retiring else None
    row.retired_until = clock.now() + timedelta(seconds=grace_seconds) if retiring else None
    row.digest, row.prefix, row.last_four = _digest(secret), secret[:_PREFIX_LENGTH], secret[-4:]
    row.save(update_fields=["digest", "prefix", "last_four", "retired_digest", "retired_until"])
    key.refresh_from_db()
    return secret


def revoke(key: ApiKey) -> bool:
    """End a key for good; tell whether it was still in use. A second revocation keeps the first moment."""
    moment = clock.now()
    ended = ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=moment)
    key.refresh_from_db(fields=["revoked_at"])
    return bool(ended)


def _in_use() -> Q:
    return Q(revoked_at=None)


def _digest(secret: str) -> bytes:
    return ids.digest_key(secret, pepper=settings.KEY_PEPPER)
