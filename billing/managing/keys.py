"""The routes on a workspace's keys: listed, made, read, changed, given a new secret, revoked."""

from collections.abc import Callable
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts import keys as known_keys
from accounts import rates
from accounts.models import ApiKey
from accounts.powers import Power
from accounts.rest_route import Refusal, valid, wrong
from billing import budgets
from billing.keyring import changes as deeds

from .document import CONFLICT, MISSING, tells
from .door import Managed, Principal, changes, missing, principal
from .fields import PAGED, number, paged
from .key_forms import (
    KeyForm,
    KeyList,
    KeyPatch,
    KeyTold,
    KeyWithSecret,
    RotationForm,
    Shown,
    amended,
    wished,
)

__all__ = ["Key", "Keys", "Rotation"]


class Keys(Managed):
    """The keys of a workspace that the token's maker may see: all, or their own."""

    powers = {"get": Power.SEE, "post": Power.OWN_KEYS}
    asks = frozenset({"limit", "before"})

    @tells(KeyList, name="list_keys", asked=PAGED)
    def get(self, request: Request) -> Response:
        """List keys, the revoked ones too, the newest first."""
        many, before = paged(request)
        rows = _known(principal(request)).select_related("created_by").order_by("-pk")
        found = list((rows if before is None else rows.filter(pk__lt=before))[: many + 1])
        shown = _with_budgets(principal(request), found[:many])
        following = str(found[many - 1].pk) if len(found) > many else None
        return Response(KeyList({"data": shown, "next": following}).data)

    @tells(KeyWithSecret, name="create_key", form=KeyForm, status=201, refusals=CONFLICT)
    @changes
    def post(self, request: Request) -> Response:
        """Make a key. Its secret is in this answer and nowhere else."""
        asks, wish = principal(request), wished(valid(KeyForm, request))
        key, secret = _granted(lambda: deeds.create(asks.workspace.pk, wish, by=asks.user))
        return Response(KeyWithSecret(_shown(key, secret)).data, status=201)


class Key(Managed):
    """One key."""

    powers = {"get": Power.SEE, "patch": Power.OWN_KEYS, "delete": Power.OWN_KEYS}

    @tells(KeyTold, name="read_key", refusals=MISSING)
    def get(self, request: Request, key_id: str) -> Response:
        """Tell one key."""
        return Response(KeyTold(_shown(_one(request, key_id))).data)

    @tells(KeyTold, name="change_key", form=KeyPatch, refusals=MISSING)
    @changes
    def patch(self, request: Request, key_id: str) -> Response:
        """Change what a key is called, opens or may spend; it counts within two seconds. What is not sent stays."""
        key = _in_use(request, key_id)
        wish = amended(deeds.standing(key), valid(KeyPatch, request))
        _granted(lambda: deeds.amend(key, wish, by=principal(request).user))
        return Response(KeyTold(_shown(key)).data)

    @tells(KeyTold, name="revoke_key", refusals=MISSING)
    @changes
    def delete(self, request: Request, key_id: str) -> Response:
        """End a key for good, and its open streams within seconds; a key that has ended stays so."""
        key = _one(request, key_id)
        deeds.revoke(key, by=principal(request).user)
        return Response(KeyTold(_shown(key)).data)


class Rotation(Managed):
    """A new secret for a key."""

    powers = {"post": Power.OWN_KEYS}

    @tells(KeyWithSecret, name="rotate_key", form=RotationForm, refusals=MISSING)
    @changes
    def post(self, request: Request, key_id: str) -> Response:
        """Give a key a new secret, told this once; the one before works for the grace that was asked, or ends now."""
        key, grace = _in_use(request, key_id), valid(RotationForm, request).get("grace_seconds", 0)
        secret = _granted(lambda: deeds.rotate(key, by=principal(request).user, grace_seconds=grace))
        return Response(KeyWithSecret(_shown(key, secret)).data)


def _known(asks: Principal) -> Any:
    return known_keys.known(asks.workspace.pk, role=asks.member.role, person_id=asks.user.pk)


def _one(request: Request, key_id: str) -> ApiKey:
    found: ApiKey | None = _known(principal(request)).filter(pk=number(key_id)).first()
    if found is None:
        raise missing("key")
    return found


def _in_use(request: Request, key_id: str) -> ApiKey:
    key = _one(request, key_id)
    if key.revoked_at is not None:
        raise missing("key in use")
    return key


def _granted(deed: Callable[[], Any]) -> Any:
    """Return what a deed returns, its refusals told in the words of the API."""
    try:
        return deed()
    except deeds.Wrong as error:
        raise wrong(error.field, str(error)) from error
    except rates.TooOften as error:
        refusal = Refusal(
            429, "RATE_LIMIT_ERROR", f"At most {deeds.CREATIONS_A_MINUTE} keys may be created a minute."
        )
        refusal.wait = error.retry_after
        raise refusal from error
    except known_keys.TooMany as error:
        words = f"A workspace has at most {known_keys.MOST_KEYS} keys: revoke some first."
        raise Refusal(409, "CONFLICT", words) from error
    except ApiKey.DoesNotExist:
        raise missing("key in use") from None


def _shown(key: ApiKey, secret: str = "") -> Shown:
    return Shown(key, budgets.of_key(key.workspace_id, key.pk), secret)


def _with_budgets(asks: Principal, found: list[ApiKey]) -> list[Shown]:
    limits = budgets.of_keys(asks.workspace.pk, [key.pk for key in found])
    return [Shown(key, limits.get(key.pk)) for key in found]
