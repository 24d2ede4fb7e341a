"""What people do to the keys of their workspace: each deed with its budget and its line in the trail, or none of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from accounts import keys, rates
from accounts.models import ApiKey, User, Workspace
from billing import budgets
from billing.budgets import Budget, Period
from catalog.models import Model
from kernel import clock, deeds, money

__all__ = [
    "CREATIONS_A_MINUTE",
    "Allowance",
    "Wish",
    "Wrong",
    "amend",
    "create",
    "limit",
    "revoke",
    "revoke_all",
    "rotate",
    "standing",
]

CREATIONS_A_MINUTE = 5

_Changes = dict[str, tuple[str | None, str | None]]


class Wrong(Exception):
    """A wish that cannot be granted; `field` names what has to be another."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field = field


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a key may spend, in nano-USD, and how often that begins anew."""

    limit: int
    period: Period

    @property
    def words(self) -> str:
        """The allowance as the trail tells it."""
        often = "" if self.period == Period.NONE else f" a {self.period.value}"
        return f"${money.show(self.limit)}{often}"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a key is to be: `expires_at` in UTC; models by id, None for all that the plan includes."""

    name: str
    expires_at: datetime | None = None
    default_tag: str = ""
    allowed_models: tuple[str, ...] | None = None
    allowance: Allowance | None = field(default=None)


def create(workspace_id: int, wish: Wish, *, by: User) -> tuple[ApiKey, str]:
    """Make a key and return it with its secret, which cannot be had again.

    Raises Wrong, rates.TooOften beyond CREATIONS_A_MINUTE of one person, keys.TooMany.
    """
    _check(wish)
    rates.take("key-creation", str(by.pk), limit=CREATIONS_A_MINUTE)
    with transaction.atomic():
        key, secret = keys.mint(
            Workspace.objects.get(pk=workspace_id),
            name=wish.name,
            created_by=by,
            expires_at=wish.expires_at,
            default_tag=wish.default_tag,
            allowed_models=wish.allowed_models,
        )
        if wish.allowance is not None:  # a budget locks the account's row, which requests wait for
            _put(key, wish.allowance, by)
        changed = _differences(None, wish)
        _tell(key, "Made the key. Its secret was shown once.", by, changed, verb="add")
    return key, secret


@transaction.atomic
def amend(key: ApiKey, wish: Wish, *, by: User) -> None:
    """Change what a key is called, opens and may spend. Raises Wrong, ApiKey.DoesNotExist if it is not in use."""
    before = standing(key)
    if wish.expires_at != before.expires_at or wish.allowed_models != before.allowed_models:
        _check(wish)
    keys.amend(
        key,
        name=wish.name,
        expires_at=wish.expires_at,
        default_tag=wish.default_tag,
        allowed_models=wish.allowed_models,
    )
    if wish.allowance != before.allowance:
        _put(key, wish.allowance, by)
    if changed := _differences(before, wish):
        _tell(key, "Changed what the key may do.", by, changed)


@transaction.atomic
def limit(key: ApiKey, allowance: Allowance | None, *, by: User) -> None:
    """Set what a key may spend, or with None take its limit away; what its present window has seen counts."""
    before = _allowance(budgets.of_key(key.workspace_id, key.pk))
    _put(key, allowance, by)
    changed = {"budget": (_words(before), _words(allowance))}
    _tell(key, "Changed what the key may spend.", by, changed)


@transaction.atomic
def rotate(key: ApiKey, *, by: User, grace_seconds: int = 0) -> str:
    """Give a key a new secret and return it; the one before works for so many seconds more.

    Raises ValueError for a grace that cannot be, ApiKey.DoesNotExist if the key is not in use.
    """
    before = str(key)
    secret = keys.rotate(key, grace_seconds=grace_seconds)
    until = f"works until {key.retired_until:%Y-%m-%d %H:%M:%S} UTC" if key.retired_until else "ended at once"
    _tell(key, f"Gave the key a new secret; the one before {until}.", by, {"key": (before, str(key))})
    return secret


@transaction.atomic
def revoke(key: ApiKey, *, by: User) -> bool:
    """End a key for good, and its open streams within seconds; tell whether it was still in use."""
    ended = keys.revoke(key)
    if ended:
        _tell(key, "Revoked the key.", by, {})
    return ended


@transaction.atomic
def revoke_all(found: QuerySet[ApiKey], *, by: User) -> int:
    """End all of these keys for good; return how many were still in use."""
    return sum(revoke(key, by=by) for key in found.select_for_update(of=("self",)).order_by("pk"))


def _check(wish: Wish) -> None:
    if wish.expires_at is not None and wish.expires_at <= clock.now():
        raise Wrong("expires_at", "it must be in the future.")
    names = set(wish.allowed_models or ())
    known = set(Model.objects.filter(public_id__in=names).values_list("public_id", flat=True))
    if unknown := sorted(names - known):
        raise Wrong("allowed_models", f"there is no model {unknown[0][:128]!r}.")


def _put(key: ApiKey, allowance: Allowance | None, by: User) -> None:
    if allowance is None:
        budgets.clear(key.workspace_id, key.pk)
        return
    budgets.put(key.workspace_id, key.pk, limit=allowance.limit, period=allowance.period, actor=by.email)


def standing(key: ApiKey) -> Wish:
    """Return what a key is at present, as a wish that changes nothing."""
    return Wish(
        key.name,
        key.expires_at,
        key.default_tag,
        tuple(key.allowed_models) if key.allowed_models is not None else None,
        _allowance(budgets.of_key(key.workspace_id, key.pk)),
    )


def _allowance(budget: Budget | None) -> Allowance | None:
    return None if budget is None else Allowance(budget.limit, Period(budget.period))


def _differences(before: Wish | None, after: Wish) -> _Changes:
    """Return what a wish changes, as the trail has it; of a key that was not there, what was asked for."""
    were, are = _facts(before or Wish("")), _facts(after)
    return {name: (were[name], are[name]) for name in are if were[name] != are[name]}


def _facts(wish: Wish) -> dict[str, str | None]:
    return {
        "name": wish.name or None,
        "expires": f"{wish.expires_at:%Y-%m-%d %H:%M:%S} UTC" if wish.expires_at else None,
        "tag": wish.default_tag or None,
        "models": _listed(wish.allowed_models),
        "budget": _words(wish.allowance),
    }


def _listed(models: Iterable[str] | None) -> str | None:
    return None if models is None else ", ".join(models)


def _words(allowance: Allowance | None) -> str | None:
    return None if allowance is None else allowance.words


def _tell(key: ApiKey, said: str, by: User, changed: _Changes, *, verb: deeds.Verb = "change") -> None:
    # Last in its transaction: the trail's lock is everybody's.
    deeds.tell(deeds.Deed(verb, key, said, actor=by.email, actor_id=by.pk, changes=changed))
