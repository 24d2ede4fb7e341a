"""The routes by which people make, see, renew and end the keys of a workspace."""

from datetime import datetime
from typing import Annotated, Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema
from pydantic import AfterValidator, ConfigDict, Field

from accounts import keys, rates
from accounts.callers import Caller
from accounts.models import ApiKey, User, Workspace
from billing import budgets
from catalog.models import Model, PlanVersion
from kernel import clock

from ..errors import Failure
from . import identity, limits
from .figures import answer
from .limits import Limit, Reset, Usd
from .moments import Moment

__all__ = ["router"]

CREATIONS_A_MINUTE = 5
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
    wanted = wanted or NewKey()
    _check(wanted)
    try:
        rates.take("key-creation", str(person.person_id), limit=CREATIONS_A_MINUTE)
    except rates.TooOften as error:
        raise Failure(
            "RATE_LIMIT_ERROR",
            f"At most {CREATIONS_A_MINUTE} keys may be created a minute.",
            retry_after=error.retry_after,
        ) from error
    key, secret = _mint(person, wanted)
    return answer({**_shown(person, [key])[0], "key": secret})


@router.get("")
def everything(request: HttpRequest) -> HttpResponse:
    """List the keys in use that the person may see, the newest first."""
    person = _manager(request)
    return answer({"data": _shown(person, list(_in_reach(person).order_by("-created_at", "-pk")))})


@router.post("/revoke-all")
def revoke_all(request: HttpRequest) -> dict[str, str]:
    """End every key that the person may see."""
    return {"message": f"Revoked {keys.revoke_all(_in_reach(_manager(request)))} API key(s)"}


@router.delete("/{key_id}")
def revoke(request: HttpRequest, key_id: str) -> dict[str, str]:
    """End one key; its open streams end with it."""
    keys.revoke(_one(_manager(request), key_id))
    return {"message": "API key revoked"}


@router.post("/{key_id}/rotate")
def rotate(request: HttpRequest, key_id: str, wanted: Rotation | None = None) -> HttpResponse:
    """Give a key a new secret at once; the one before works for the grace that was asked, or ends now."""
    person = _manager(request)
    key = _one(person, key_id)
    try:
        secret = keys.rotate(key, grace_seconds=(wanted or Rotation()).grace_seconds)
    except ApiKey.DoesNotExist:
        raise _missing() from None
    told = {"key": secret, "previous_key_valid_until": _moment(key.retired_until)}
    return answer({**_shown(person, [key])[0], **told})


@router.put("/{key_id}/limit")
def limit(request: HttpRequest, key_id: str, wanted: Limit) -> HttpResponse:
    """Set what a key may spend, or take the limit away; what its present window has seen counts."""
    person = _manager(request)
    key = _one(person, key_id)
    limits.put(wanted, workspace_id=key.workspace_id, api_key_id=key.pk, actor=_actor(person))
    return answer(_shown(person, [key])[0])


@transaction.atomic
def _mint(person: Caller, wanted: NewKey) -> tuple[ApiKey, str]:
    try:
        key, secret = keys.mint(
            Workspace.objects.get(pk=person.workspace_id),
            name=wanted.name or "API key",
            created_by=User.objects.get(pk=person.person_id or 0),
            expires_at=wanted.expires_at,
            default_tag=wanted.default_tag,
            allowed_models=wanted.allowed_models,
        )
    except keys.TooMany as error:
        raise Failure(
            "CONFLICT", f"A workspace has at most {keys.MOST_KEYS} keys: revoke some first."
        ) from error
    if (wanted.limit, wanted.limit_reset) != (
        None,
        None,
    ):  # a budget locks the account's row, which requests wait for
        asked = Limit(limit=wanted.limit, limit_reset=wanted.limit_reset)
        limits.put(asked, workspace_id=key.workspace_id, api_key_id=key.pk, actor=_actor(person))
    return key, secret


def _actor(person: Caller) -> str:
    return User.objects.values_list("email", flat=True).get(pk=person.person_id or 0)


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


def _check(wanted: NewKey) -> None:
    if wanted.expires_at is not None and wanted.expires_at <= clock.now():
        raise Failure("VALIDATION_ERROR", "expires_at: it must be in the future.", param="expires_at")
    names = set(wanted.allowed_models or ())
    known = set(Model.objects.filter(public_id__in=names).values_list("public_id", flat=True))
    if unknown := sorted(names - known):
        raise Failure(
            "VALIDATION_ERROR",
            f"allowed_models: there is no model {unknown[0][:128]!r}.",
            param="allowed_models",
        )


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
