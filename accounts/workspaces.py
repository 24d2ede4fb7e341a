"""How a workspace begins: its name, its address, its plan and its owner; and how it is frozen, thawed and closed."""

import secrets

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from catalog.models import PlanVersion

from .models import Member, User, Workspace

__all__ = ["create", "put"]

_TRIES = 5
_SLUG_LENGTH = 50  # leaves room for the suffix within the column's 64


@transaction.atomic
def create(name: str, *, plan_version: PlanVersion, owner: User | None = None) -> Workspace:
    """Save a new workspace; its slug is made from the name, with a suffix where that is taken.

    The database opens its account in the same commit. Raises ValueError for a name that is empty or longer
    than 100 characters.
    """
    name = name.strip()
    if not 1 <= len(name) <= 100:
        raise ValueError("name: a workspace's name has 1 to 100 characters")
    workspace = _save(name, plan_version)
    if owner is not None:
        Member.objects.create(workspace=workspace, user=owner, role=Member.Role.OWNER)
    return workspace


def _save(name: str, plan_version: PlanVersion) -> Workspace:
    plain = slugify(name)[:_SLUG_LENGTH].strip("-") or "workspace"
    slug = plain
    for _ in range(_TRIES):
        try:
            with transaction.atomic():
                return Workspace.objects.create(name=name, slug=slug, plan_version=plan_version)
        except IntegrityError:
            if not Workspace.objects.filter(slug=slug).exists():
                raise
            slug = f"{plain}-{secrets.token_hex(3)}"
    raise RuntimeError(f"no free slug found for {name!r} in {_TRIES} tries")


@transaction.atomic
def put(workspace_id: int, status: Workspace.Status) -> Workspace.Status | None:
    """Give a workspace a status and return the one before, or None if it had this one already.

    Requests of one that is not active are refused within two seconds, and its open ones end: the database hands the
    status on to its account. Raises Workspace.DoesNotExist.
    """
    workspace = Workspace.objects.select_for_update(no_key=True, of=("self",)).get(pk=workspace_id)
    before = Workspace.Status(workspace.status)
    if before == status:
        return None
    workspace.status = status
    workspace.save(update_fields=["status"])
    return before
