"""Members of a workspace: who may change whose place, and that there is always an owner, also when two leave at once."""

import threading

import pytest
from django.db import connections
from pytest_django import DjangoDbBlocker

from accounts import inviting, management_tokens, members, powers
from accounts.models import Invitation, Member, TrailRow, Workspace
from accounts.powers import Power
from tests.accounts.rows import person, workspace

Role = Member.Role


def seated(place: Workspace, role: str = Role.OWNER) -> Member:
    return Member.objects.select_related("user", "workspace").get(user=person(place, role=role))


@pytest.mark.django_db
def test_powers_are_declared_for_every_role_and_owners_have_all() -> None:
    assert {role for granted in powers.POWERS.values() for role in granted.roles} == set(Role.values)
    assert all(powers.may(Role.OWNER, power) for power in Power)
    assert set(powers.MEANINGS) == set(Role)
    assert not any(powers.may("", power) for power in Power)


@pytest.mark.django_db
@pytest.mark.parametrize("giver", Role.values)
@pytest.mark.parametrize("given", Role.values)
def test_members_get_roles_from_those_who_may_give_them(giver: str, given: str) -> None:
    place = workspace()
    by, other = seated(place, giver), seated(place, Role.VIEWER)
    may = giver == Role.OWNER or (giver == Role.ADMIN and given != Role.OWNER)
    if may:
        members.change_role(by, other.pk, given)
    else:
        with pytest.raises(members.NotAllowed):
            members.change_role(by, other.pk, given)
    other.refresh_from_db()
    assert other.role == (given if may else Role.VIEWER)


@pytest.mark.django_db
def test_members_who_own_are_left_alone_by_admins() -> None:
    place = workspace()
    owner, admin = seated(place), seated(place, Role.ADMIN)
    for change in (
        lambda: members.change_role(admin, owner.pk, Role.VIEWER),
        lambda: members.remove(admin, owner.pk),
        lambda: members.transfer(admin, owner.pk),
    ):
        with pytest.raises(members.NotAllowed):
            change()
    assert members.owners(place.pk) == 1


@pytest.mark.django_db
def test_members_change_nobodys_place_elsewhere_and_not_their_own() -> None:
    owner, stranger = seated(workspace()), seated(workspace(), Role.VIEWER)
    for number in (owner.pk, stranger.pk, 0):
        with pytest.raises(members.NotAllowed):
            members.remove(owner, number)
        with pytest.raises(members.NotAllowed):
            members.change_role(owner, number, Role.VIEWER)


@pytest.mark.django_db
def test_members_leave_but_for_the_last_owner() -> None:
    place = workspace()
    first, second = seated(place), seated(place)
    members.leave(first)
    with pytest.raises(members.LastOwner):
        members.leave(second)
    assert [each.pk for each in Member.objects.filter(workspace=place)] == [second.pk]


@pytest.mark.django_db
def test_members_who_left_have_no_token_here_and_get_none_back_by_returning() -> None:
    place = workspace()
    owner, gone = seated(place), seated(place, Role.ADMIN)
    there = Member.objects.create(user=gone.user, workspace=workspace(), role=Role.OWNER)
    (_, here), (_, kept) = (
        management_tokens.make(each, name="report", scope="read", expires_at=None) for each in (gone, there)
    )
    assert management_tokens.find(here) is not None
    members.remove(owner, gone.pk)
    Member.objects.create(user=gone.user, workspace=owner.workspace, role=Role.ADMIN)
    assert management_tokens.find(here) is None
    assert management_tokens.find(kept) is not None
    assert [each.revoked_at is None for each in management_tokens.known(owner.workspace_id)] == [False]


@pytest.mark.django_db
def test_members_hand_over_and_are_admin_then() -> None:
    place = workspace()
    owner, other = seated(place), seated(place, Role.BILLING)
    members.transfer(owner, other.pk)
    roles = dict(Member.objects.filter(workspace=place).values_list("pk", "role"))
    assert roles == {owner.pk: Role.ADMIN, other.pk: Role.OWNER}


@pytest.mark.django_db
def test_members_who_may_invite_no_more_leave_no_good_invitation() -> None:
    place = workspace()
    owner, admin = seated(place), seated(place, Role.ADMIN)
    kept = inviting.invite(owner, "kept@example.com", Role.VIEWER)
    made = inviting.invite(admin, "new@example.com", Role.VIEWER)
    members.change_role(owner, admin.pk, Role.DEVELOPER)
    ended = Invitation.objects.filter(workspace=place, ended_by=Invitation.End.REVOKED)
    assert [each.pk for each in ended] == [made.pk]
    assert Invitation.objects.get(pk=kept.pk).ended_at is None


@pytest.mark.django_db
def test_members_are_told_to_the_trail_with_every_change() -> None:
    place = workspace()
    owner, other = seated(place), seated(place, Role.VIEWER)
    members.change_role(owner, other.pk, Role.ADMIN)
    members.remove(owner, other.pk)
    told = TrailRow.objects.filter(workspace_id=place.pk).order_by("no")
    who = other.user.email
    assert list(told.values_list("actor_id", "verb", "said")) == [
        (owner.user_id, "change", f"Made {who} admin, who was viewer."),
        (owner.user_id, "delete", f"Removed {who}, who was admin."),
    ]


@pytest.mark.usefixtures("committed")
def test_members_who_leave_at_once_leave_one_owner(django_db_blocker: DjangoDbBlocker) -> None:
    place = workspace()
    both = [seated(place), seated(place)]
    gate, refused = threading.Barrier(2), []

    def go(member: Member) -> None:
        gate.wait(timeout=10)
        try:
            members.leave(member)
        except members.LastOwner:
            refused.append(member.pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=go, args=(member,)) for member in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert len(refused) == 1
    assert members.owners(place.pk) == 1
