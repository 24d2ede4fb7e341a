"""Rows of people and workspaces that tests about accounts begin with."""

import secrets
from functools import cache

from django.contrib.auth.hashers import make_password
from django.db.models import Max

from accounts import workspaces
from accounts.models import Member, User, Workspace
from catalog.models import Plan, PlanVersion
from kernel import clock

PASSWORD = "correct horse battery"


def plan() -> PlanVersion:
    """Save a plan of its own, with terms."""
    slug = secrets.token_hex(6)
    rank = (Plan.objects.aggregate(Max("rank"))["rank__max"] or 0) + 1
    row = Plan.objects.create(slug=slug, name=f"Plan {slug}", rank=rank)
    return PlanVersion.objects.create(
        plan=row,
        version=1,
        published_at=clock.now(),
        price_nano=0,
        credits_nano=0,
        tiers=["free"],
        stream_cap=1,
    )


def workspace() -> Workspace:
    """Save a workspace on a plan of its own."""
    return workspaces.create(f"W {secrets.token_hex(6)}", plan_version=plan())


def person(*places: Workspace, role: str = Member.Role.OWNER) -> User:
    """Save a person with a password who belongs to workspaces, the first one joined first."""
    user = User.objects.create(email=f"{secrets.token_hex(6)}@example.com", password=_hash())
    for place in places:
        Member.objects.create(workspace=place, user=user, role=role)
    return user


@cache
def _hash() -> str:
    return make_password(PASSWORD)  # slow on purpose: once is enough
