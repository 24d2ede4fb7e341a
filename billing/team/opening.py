"""How a person opens a workspace of their own: on the default plan with its credits, with a first key."""

from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from accounts import keys, workspaces
from accounts.models import ApiKey, Member, User, Workspace
from accounts.signup import is_open
from billing.subscriptions import book
from catalog import plans
from catalog.models import PlanVersion
from kernel.deeds import Deed, tell

__all__ = ["Closed", "Opened", "TooMany", "may_open", "opened"]


class Closed(Exception):
    """Workspaces are made by the operator here, or there is no plan to begin on."""


class TooMany(Exception):
    """The person owns as many workspaces as one may open."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A new workspace and its first key; the secret cannot be had again."""

    workspace: Workspace
    key: ApiKey
    secret: str


def may_open(person: User) -> bool:
    """Tell whether a person may open one more workspace."""
    return is_open() and _owned(person) < settings.MOST_WORKSPACES


@transaction.atomic
def opened(person: User, name: str) -> Opened:
    """Save a workspace that a person owns, with the credits of its plan, and its first key.

    Raises Closed, TooMany, and ValueError for a name that is empty or longer than 100 characters.
    """
    terms = _terms() if is_open() else None
    if terms is None:
        raise Closed
    # Two forms sent at once are counted one after the other.
    User.objects.select_for_update(no_key=True).get(pk=person.pk)
    if _owned(person) >= settings.MOST_WORKSPACES:
        raise TooMany
    workspace = workspaces.create(name, plan_version=terms, owner=person)
    key, secret = keys.mint(workspace, name="First key", created_by=person)
    book.begin(workspace, actor=str(person), reason="New workspace")
    said = f"Opened the workspace on {terms}, with a first key."
    tell(Deed("add", workspace, said, actor=str(person), actor_id=person.pk))
    return Opened(workspace, key, secret)


def _terms() -> PlanVersion | None:
    """Return what a new workspace begins on: the plan that the operator named, if it is without a price, else the lowest."""
    named = plans.newest(settings.SIGN_UP_PLAN) if settings.SIGN_UP_PLAN else plans.without_price()
    return named if named is not None and not named.price_nano else None


def _owned(person: User) -> int:
    owned = Member.objects.filter(user=person, role=Member.Role.OWNER)
    return owned.exclude(workspace__status=Workspace.Status.CLOSED).count()
