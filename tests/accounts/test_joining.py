"""Invitations: one link, one address, one role, once, for a week (T11)."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts import inviting, joining, members
from accounts.models import Invitation, Member, User, Workspace
from kernel import clock
from tests.accounts.rows import person, workspace
from tests.accounts.test_members import seated

pytestmark = pytest.mark.django_db

Role = Member.Role


@pytest.fixture
def owner() -> Member:
    return seated(workspace())


def invited(owner: Member, role: str = Role.DEVELOPER) -> tuple[User, Invitation]:
    who = person()
    return who, inviting.invite(owner, who.email.upper(), role)


def why(said: str, who: User) -> joining.Why:
    with pytest.raises(joining.NotNow) as refusal:
        joining.join(said, who)
    return refusal.value.why


def test_joining_gives_the_role_of_the_invitation_and_spends_it(owner: Member) -> None:
    who, invitation = invited(owner)
    said = inviting.token(invitation)
    member = joining.join(said, who)
    assert (member.workspace_id, member.role) == (owner.workspace_id, Role.DEVELOPER)
    members.remove(owner, member.pk)
    assert why(said, who) == joining.Why.ENDED
    assert not Member.objects.filter(user=who).exists()


def test_joining_is_for_the_address_that_was_invited(owner: Member) -> None:
    _, invitation = invited(owner)
    assert why(inviting.token(invitation), person()) == joining.Why.OTHER_PERSON
    assert Invitation.objects.get(pk=invitation.pk).ended_at is None


def test_joining_by_a_changed_link_is_refused(owner: Member) -> None:
    who, invitation = invited(owner)
    said = inviting.token(invitation)
    number, _, rest = said.partition(".")
    for other in (
        f"{int(number) + 1}.{rest}",
        said[:-1],
        said.replace("~", ":"),
        "",
        "x~y",
        f"{number}.9{rest[1:]}",
    ):
        assert why(other, who) == joining.Why.UNKNOWN


def test_joining_is_over_after_a_week_until_it_is_sent_again(owner: Member) -> None:
    who, invitation = invited(owner)
    said = inviting.token(invitation)
    Invitation.objects.filter(pk=invitation.pk).update(expires_at=clock.now() - timedelta(seconds=1))
    assert why(said, who) == joining.Why.EXPIRED
    renewed = inviting.token(inviting.send_again(owner, invitation.pk))
    assert why(said, who) == joining.Why.UNKNOWN
    assert joining.join(renewed, who).role == Role.DEVELOPER


def test_joining_by_an_invitation_that_was_taken_back_is_refused(owner: Member) -> None:
    who, invitation = invited(owner)
    inviting.revoke(owner, invitation.pk)
    assert why(inviting.token(invitation), who) == joining.Why.ENDED
    with pytest.raises(inviting.Refused):
        inviting.send_again(owner, invitation.pk)


def test_joining_a_closed_workspace_is_refused(owner: Member) -> None:
    who, invitation = invited(owner)
    Workspace.objects.filter(pk=owner.workspace_id).update(status=Workspace.Status.CLOSED)
    assert why(inviting.token(invitation), who) == joining.Why.ENDED


def test_joining_leaves_the_role_of_a_member_as_it_is(owner: Member) -> None:
    who, invitation = invited(owner, Role.OWNER)
    Member.objects.create(workspace_id=owner.workspace_id, user=who, role=Role.VIEWER)
    assert joining.join(inviting.token(invitation), who).role == Role.VIEWER


def test_inviting_is_bounded_by_the_role_of_whoever_asks(owner: Member) -> None:
    admin = seated(owner.workspace, Role.ADMIN)
    for asker, role in (
        (admin, Role.OWNER),
        (seated(owner.workspace, Role.BILLING), Role.VIEWER),
        (owner, "root"),
    ):
        with pytest.raises(inviting.Refused):
            inviting.invite(asker, "x@example.com", role)
    stays = inviting.invite(owner, "y@example.com", Role.OWNER)
    for ends in (inviting.revoke, inviting.send_again):
        with pytest.raises(inviting.Refused):
            ends(admin, stays.pk)


def test_inviting_somebody_twice_or_a_member_is_refused(owner: Member) -> None:
    who, invitation = invited(owner)
    with pytest.raises(inviting.Refused, match="already"):
        inviting.invite(owner, who.email, Role.VIEWER)
    with pytest.raises(inviting.Refused, match="already"):
        inviting.invite(owner, owner.user.email, Role.VIEWER)
    with pytest.raises(IntegrityError), transaction.atomic():
        Invitation.objects.create(
            workspace_id=owner.workspace_id,
            email=invitation.email,
            role=Role.VIEWER,
            invited_by=owner.user,
            expires_at=clock.now(),
        )


def test_inviting_has_an_end(owner: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inviting, "MOST", 2)
    invited(owner)
    with pytest.raises(inviting.Refused, match="at most"):
        invited(owner)
