"""How a workspace begins."""

import pytest

from accounts import workspaces
from accounts.models import Member, User
from billing.models import Account
from catalog.models import Plan, PlanVersion
from kernel import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def terms() -> PlanVersion:
    plan = Plan.objects.create(slug="begin", name="Begin", rank=31_000)
    return PlanVersion.objects.create(
        plan=plan,
        version=1,
        published_at=clock.now(),
        price_nano=0,
        credits_nano=0,
        tiers=["free"],
        stream_cap=1,
    )


def test_a_workspace_has_a_slug_an_owner_and_an_account(terms: PlanVersion) -> None:
    owner = User.objects.create_user("ann@example.com")
    workspace = workspaces.create("Ann & Söhne", plan_version=terms, owner=owner)
    assert workspace.slug == "ann-sohne"
    assert Member.objects.get(workspace=workspace).role == Member.Role.OWNER
    assert Account.objects.get(workspace_id=workspace.pk).posted == 0


def test_a_taken_slug_gets_a_suffix(terms: PlanVersion) -> None:
    slugs = {workspaces.create("Same", plan_version=terms).slug for _ in range(3)}
    assert len(slugs) == 3
    assert all(slug.startswith("same") for slug in slugs)


def test_a_name_without_letters_still_gets_a_slug(terms: PlanVersion) -> None:
    assert workspaces.create("…", plan_version=terms).slug == "workspace"


@pytest.mark.parametrize("name", ["", "   ", "x" * 101])
def test_a_name_nobody_could_read_is_refused(terms: PlanVersion, name: str) -> None:
    with pytest.raises(ValueError, match="1 to 100 characters"):
        workspaces.create(name, plan_version=terms)
