"""How tokens of the management API come and go: made once in clear, kept as a digest, used as their maker, revoked for good."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from kernel import clock, ids
from kernel.deeds import Deed, Verb, tell

from . import powers, rates
from .models import ManagementToken, Member, User, Workspace
from .powers import Power

__all__ = [
    "CREATIONS_A_MINUTE",
    "MOST",
    "NotAllowed",
    "Past",
    "TooMany",
    "end",
    "end_of",
    "find",
    "known",
    "make",
    "revoke",
    "used",
]

MOST = 50
"""How many tokens in use a workspace has at most."""
CREATIONS_A_MINUTE = 5
Scope = ManagementToken.Scope
_PREFIX_LENGTH = len("rkm_") + 6
_MARKED_EVERY = timedelta(minutes=1)


class TooMany(Exception):
    """The workspace has as many tokens as it may have."""


class NotAllowed(Exception):
    """The role of whoever asks does not let them make tokens, or end them."""


class Past(ValueError):
    """`expires_at` is over already."""


def make(by: Member, *, name: str, scope: str, expires_at: datetime | None) -> tuple[ManagementToken, str]:
    """Save a token of a member and return it with its secret, which cannot be had again; `expires_at` is in UTC.

    Raises NotAllowed, Past, rates.TooOften beyond CREATIONS_A_MINUTE of one person, TooMany beyond MOST in use.
    """
    _check(by)
    if expires_at is not None and expires_at <= clock.now():
        raise Past("expires_at: it must be in the future.")
    rates.take("token-creation", str(by.user_id), limit=CREATIONS_A_MINUTE)
    secret = ids.mint_key("rkm")
    with transaction.atomic():
        Workspace.objects.select_for_update(no_key=True, of=("self",)).get(pk=by.workspace_id)
        if _in_use(by.workspace_id).count() >= MOST:
            raise TooMany
        token = ManagementToken.objects.create(
            workspace_id=by.workspace_id,
            name=name,
            scope=scope,
            digest=_digest(secret),
            prefix=secret[:_PREFIX_LENGTH],
            last_four=secret[-4:],
            created_by=by.user,
            expires_at=expires_at,
        )
        _tell(by, "add", token, "Made a token of the management API. It was shown once.")
    return token, secret


def known(workspace_id: int) -> QuerySet[ManagementToken]:
    """Return the tokens of a workspace, the revoked ones too, the newest first."""
    return ManagementToken.objects.filter(workspace_id=workspace_id).order_by("-pk")


@transaction.atomic
def revoke(by: Member, token: ManagementToken) -> bool:
    """End a token of a member's workspace for good; tell whether it was still in use. Raises NotAllowed."""
    _check(by)
    ended = token.workspace_id == by.workspace_id and end(token)
    if ended:
        _tell(by, "change", token, "Revoked the token of the management API.")
    return ended


def end(token: ManagementToken) -> bool:
    """End a token for good; tell whether it was still in use. Whoever asks writes down why."""
    ended = ManagementToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=clock.now())
    token.refresh_from_db(fields=["revoked_at"])
    return bool(ended)


def end_of(maker: User, *, workspace_id: int) -> None:
    """End for good what a person who leaves a workspace made there: one who comes back makes another."""
    made = ManagementToken.objects.filter(workspace_id=workspace_id, created_by=maker)
    made.filter(revoked_at=None).update(revoked_at=clock.now())


def find(secret: str) -> tuple[ManagementToken, Member] | None:
    """Return a good token and the member as whom it acts, else None; what has not its shape costs no query.

    A token ends when it is revoked or expires, and when its maker leaves the workspace or may not sign in any more.
    """
    if not ids.key_is_shaped(secret, "rkm"):
        return None
    good = ManagementToken.objects.filter(_in_force(), digest=_digest(secret), created_by__is_active=True)
    token = good.select_related("workspace__plan_version__plan", "created_by").first()
    if token is None:
        return None
    member = Member.objects.filter(workspace_id=token.workspace_id, user_id=token.created_by_id).first()
    if member is None:
        return None
    member.workspace, member.user = token.workspace, token.created_by
    return token, member


def used(token: ManagementToken) -> None:
    """Note that a token was used, at most once a minute."""
    moment = clock.now()
    if token.last_used_at is None or token.last_used_at < moment - _MARKED_EVERY:
        ManagementToken.objects.filter(pk=token.pk).update(last_used_at=moment)


def _check(by: Member) -> None:
    if not powers.may(by.role, Power.TOKENS):
        raise NotAllowed


def _in_use(workspace_id: int) -> QuerySet[ManagementToken]:
    return ManagementToken.objects.filter(_in_force(), workspace_id=workspace_id)


def _in_force() -> Q:
    return Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=clock.now()))


def _digest(secret: str) -> bytes:
    return ids.digest_key(secret, pepper=settings.KEY_PEPPER)


def _tell(by: Member, verb: Verb, token: ManagementToken, said: str) -> None:
    tell(Deed(verb, token, said, actor=str(by.user), actor_id=by.user_id))
