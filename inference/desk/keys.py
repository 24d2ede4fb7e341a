"""The routes by which people make, see, renew and end the keys of a workspace."""

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema
from pydantic import AfterValidator, ConfigDict, Field

from accounts import keys, rates
from accounts.callers import Caller
from accounts.models import ApiKey, User
from billing import budgets
from billing.keyring import changes
from billing.keyring.changes import CREATIONS_A_MINUTE, Wish, Wrong
from catalog.models import PlanVersion

from ..errors import Failure
from . import identity, limits
from .figures import answer
from .limits import Limit, Reset, Usd
from .moments import Moment

__all__ = ["router"]

router = Router()


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("it must be printable characters")
    return text


Text = Annotated[str, AfterValidator(_printable)]


class NewKey(Schema):
    """What a new key is asked to be."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[Text, Field(min_length=1, max_length=100)] | None = None
    expires_at: Moment | None = None
    default_tag: Annotated[Text, Field(max_length=64)] = ""
    allowed_models: Annotated[list[Text], Field(min_length=1, max_length=100)] | None = None
    limit: Usd | None = None
    limit_reset: Reset | None = None


class Rotation(Schema):
    """How long the secret before goes on working, in seconds."""

    model_config = ConfigDict(extra="forbid")

    grace_seconds: Annotated[int, Field(ge=0, le=keys.LONGEST_GRACE, strict=True)] = 0


@router.post("")
def create(request: HttpRequest, wanted: NewKey | None = None) -> HttpResponse:
    """Mint a key in the person's workspace; its secret is in this answer and nowhere else."""
    person = _manager(request)
    key, secret = _made(person, _wish(wanted or NewKey()))
    return answer({**_shown(person, [key])[0], "key": secret})


@router.get("")
def everything(request: HttpRequest) -> HttpResponse:
    """List the keys in use that the person may see, the newest first."""
    person = _manager(request)
    return answer({"data": _shown(person, list(_in_reach(person).order_by("-created_at", "-pk")))})


@router.post("/revoke-all")
def revoke_all(request: HttpRequest) -> dict[str, str]:
    """End every key that the person may see."""
    person = _manager(request)
    return {"message": f"Revoked {changes.revoke_all(_in_reach(person), by=_user(person))} API key(s)"}


@router.delete("/{key_id}")
def revoke(request: HttpRequest, key_id: str) -> dict[str, str]:
    """End one key; its open streams end with it."""
    person = _manager(request)
    changes.revoke(_one(person, key_id), by=_user(person))
    return {"message": "API key revoked"}


@router.post("/{key_id}/rotate")
def rotate(request: HttpRequest, key_id: str, wanted: Rotation | None = None) -> HttpResponse:
    """Give a key a new secret at once; the one before works for the grace that was asked, or ends now."""
    person = _manager(request)
    key = _one(person, key_id)
    try:
        grace = (wanted or Rotation()).grace_seconds
        secret = changes.rotate(key, by=_user(person), grace_seconds=grace)
    except ApiKey.DoesNotExist:
        raise _missing() from None
    told = {"key": secret, "previous_key_valid_until": _moment(key.retired_until)}
    return answer({**_shown(person, [key])[0], **told})


@router.put("/{key_id}/limit")
def limit(request: HttpRequest, key_id: str, wanted: Limit) -> HttpResponse:
    """Set what a key may spend, or take the limit away; what its present window has seen counts."""
    person = _manager(request)
    key = _one(person, key_id)
    changes.limit(key, limits.allowance(wanted), by=_user(person))
    return answer(_shown(person, [key])[0])


def _wish(wanted: NewKey) -> Wish:
    named = wanted.allowed_models
    return Wish(
        name=wanted.name or "API key",
        expires_at=wanted.expires_at,
        default_tag=wanted.default_tag,
        allowed_models=tuple(named) if named is not None else None,
        allowance=limits.allowance(Limit(limit=wanted.limit, limit_reset=wanted.limit_reset)),
    )


def _made(person: Caller, wish: Wish) -> tuple[ApiKey, str]:
    try:
        return changes.create(person.workspace_id, wish, by=_user(person))
    except Wrong as error:
        raise Failure("VALIDATION_ERROR", f"{error.field}: {error}", param=error.field) from error
    except rates.TooOften as error:
        raise Failure(
            "RATE_LIMIT_ERROR",
            f"At most {CREATIONS_A_MINUTE} keys may be created a minute.",
            retry_after=error.retry_after,
        ) from error
    except keys.TooMany as error:
        raise Failure(
            "CONFLICT", f"A workspace has at most {keys.MOST_KEYS} keys: revoke some first."
        ) from error


def _user(person: Caller) -> User:
    return User.objects.get(pk=person.person_id or 0)


def _manager(request: HttpRequest) -> Caller:
    person = identity.person(request)
    if not keys.may_manage(person.role):
        raise Failure("AUTHORIZATION_ERROR", f"The role {person.role} may not manage keys.")
    return person


def _in_reach(person: Caller) -> Any:
    return keys.in_reach(person.workspace_id, role=person.role, person_id=person.person_id or 0)


def _one(person: Caller, key_id: str) -> ApiKey:
    rows = _in_reach(person)
    found: ApiKey | None = rows.filter(pk=int(key_id)).first() if _is_number(key_id) else None
    if found is None:
        raise _missing()
    return found


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18


def _missing() -> Failure:
    return Failure("NOT_FOUND", "There is no such API key.")


def _plan(person: Caller) -> str:
    return PlanVersion.objects.values_list("plan__name", flat=True).get(pk=person.plan_version_id)


def _shown(person: Caller, rows: list[ApiKey]) -> list[dict[str, Any]]:
    plan, spent = _plan(person), budgets.of_keys(person.workspace_id, [key.pk for key in rows])
    return [{**_told(key, plan), **limits.shown(spent.get(key.pk))} for key in rows]


def _told(key: ApiKey, plan: str) -> dict[str, Any]:
    return {
        "id": str(key.pk),
        "key_prefix": key.prefix,
        "last_four": key.last_four,
        "name": key.name,
        "plan_tier": plan,
        "created_at": _moment(key.created_at),
        "last_used_at": _moment(key.last_used_at),
        "expires_at": _moment(key.expires_at),
        "default_tag": key.default_tag,
        "allowed_models": key.allowed_models,
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}"
