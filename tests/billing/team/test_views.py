"""The team's pages: inviting by mail, roles, handing over, several workspaces, settings, and how a workspace ends."""

import re
from urllib.parse import urlsplit

import pytest
from django.conf import LazySettings
from django.core import mail
from django.test import Client

from accounts import inviting, keys
from accounts.models import Farewell, Invitation, Member, User, Workspace
from billing.subscriptions import book
from billing.team import invitations
from kernel.deeds import Deed, tell
from tests.accounts.rows import PASSWORD, person
from tests.billing import rows

pytestmark = pytest.mark.django_db

Role = Member.Role


def seated(role: str = Role.OWNER, workspace: int | None = None) -> tuple[Client, Member]:
    place = Workspace.objects.get(pk=workspace or rows.workspace())
    who = person(place, role=role)
    return signed_in(who), Member.objects.select_related("user", "workspace").get(user=who)


def signed_in(who: User) -> Client:
    client = Client()
    client.force_login(who)
    return client


def proven(client: Client) -> None:
    """Prove again who asks, as pages that need a fresh proof want."""
    assert client.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 302


def link() -> str:
    found = re.search(r"http://testserver(/invitations/\S+)", str(mail.outbox[-1].body))
    assert found is not None
    return found[1]


def test_team_invites_by_mail_and_the_invited_person_joins() -> None:
    client, owner = seated()
    guest = person()
    client.post("/dashboard/team/invitations", {"email": guest.email, "role": "billing"})
    letter = mail.outbox[-1]
    assert isinstance(letter, mail.EmailMultiAlternatives)
    assert (letter.to, letter.subject) == ([guest.email], f"Join {owner.workspace.name} at Tollway")
    assert [kind for _, kind in letter.alternatives] == ["text/html"]
    path, theirs = link(), signed_in(guest)
    assert "Join as billing" in theirs.get(path).content.decode()
    answer = theirs.post(path, {"role": "owner", "workspace": "1"}, follow=True)
    assert answer.redirect_chain[-1][0] == "/dashboard/"
    assert Member.objects.get(user=guest).role == Role.BILLING
    assert theirs.post(path).status_code == 403


def test_team_shows_an_invitation_to_strangers_and_refuses_other_people() -> None:
    client, owner = seated()
    client.post("/dashboard/team/invitations", {"email": "new@example.com", "role": "viewer"})
    assert "Make an account" in Client().get(link()).content.decode()
    other, _ = seated()
    answer = other.post(link())
    assert (answer.status_code, "somebody else" in answer.content.decode()) == (403, True)
    assert Member.objects.filter(workspace=owner.workspace).count() == 1


def test_team_sends_again_and_takes_back_only_its_own_invitations() -> None:
    client, owner = seated()
    client.post("/dashboard/team/invitations", {"email": "new@example.com", "role": "viewer"})
    first = link()
    row = Invitation.objects.get(workspace=owner.workspace)
    stranger, _ = seated()
    for what in ("again", "revoke"):
        stranger.post(f"/dashboard/team/invitations/{row.pk}/{what}")
    row.refresh_from_db()
    assert (row.number, row.ended_at) == (1, None)
    client.post(f"/dashboard/team/invitations/{row.pk}/again")
    assert Client().get(first).status_code == 403
    assert Client().get(link()).status_code == 200
    client.post(f"/dashboard/team/invitations/{row.pk}/revoke")
    assert Client().get(link()).status_code == 403


def test_team_says_what_is_wrong_with_an_invitation() -> None:
    client, owner = seated(Role.ADMIN)
    wrong = {"email": "no address", "role": "viewer"}, {"email": "x@example.com", "role": "owner"}
    for sent in (*wrong, {"email": owner.user.email, "role": "viewer"}):
        answer = client.post("/dashboard/team/invitations", sent)
        assert (answer.status_code, 'aria-invalid="true"' in answer.content.decode()) == (400, True)
    assert not Invitation.objects.filter(workspace=owner.workspace).exists()
    assert mail.outbox == []


def test_team_says_why_an_invitation_is_not_sent_or_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    client, owner = seated()
    row = inviting.invite(owner, "new@example.com", Role.VIEWER)
    monkeypatch.setattr(invitations, "INVITED_A_MINUTE", 0)
    answer = client.post("/dashboard/team/invitations", {"email": "x@example.com", "role": "viewer"})
    assert (answer.status_code, "0 mails a minute" in answer.content.decode()) == (400, True)
    path = f"/dashboard/team/invitations/{row.pk}"
    assert "0 mails a minute" in client.post(f"{path}/again", follow=True).content.decode()
    assert "was taken back" in client.post(f"{path}/revoke", follow=True).content.decode()
    assert "was taken back" not in client.post(f"{path}/revoke", follow=True).content.decode()


def test_team_leads_who_joins_to_the_workspace_they_joined() -> None:
    client, owner = seated()
    theirs, guest = seated()
    client.post("/dashboard/team/invitations", {"email": guest.user.email, "role": "viewer"})
    assert theirs.get("/dashboard/").context["workspace"] == guest.workspace
    theirs.post(link())
    assert theirs.get("/dashboard/").context["workspace"] == owner.workspace


def test_team_changes_roles_and_removes_with_the_keys_they_made() -> None:
    client, owner = seated()
    _, other = seated(Role.DEVELOPER, owner.workspace_id)
    key, _ = keys.mint(owner.workspace, name="theirs", created_by=other.user)
    client.post(f"/dashboard/team/members/{other.pk}/role", {"role": "admin", "workspace_id": "1"})
    other.refresh_from_db()
    assert other.role == Role.ADMIN
    assert "1 key" in client.get(f"/dashboard/team/members/{other.pk}/remove").content.decode()
    answer = client.post(f"/dashboard/team/members/{other.pk}/remove", {"keys": "revoke"}, follow=True)
    assert f"{other.user} is out. 1 keys of theirs were revoked." in answer.content.decode()
    key.refresh_from_db()
    assert key.revoked_at is not None
    assert not Member.objects.filter(pk=other.pk).exists()


@pytest.mark.parametrize("what", ["role", "remove", "owner"])
def test_team_of_another_workspace_is_not_found(what: str) -> None:
    """T01: a member of another workspace is as one who never was."""
    client, _ = seated()
    proven(client)
    _, stranger = seated()
    answers = [client.post(f"/dashboard/team/members/{number}/{what}") for number in (stranger.pk, 2**40)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content


def test_team_hands_over_only_after_a_fresh_proof() -> None:
    client, owner = seated()
    _, heir = seated(Role.VIEWER, owner.workspace_id)
    path = f"/dashboard/team/members/{heir.pk}/owner"
    assert urlsplit(client.post(path)["Location"]).path == "/accounts/reauthenticate/"
    heir.refresh_from_db()
    assert heir.role == Role.VIEWER
    proven(client)
    client.post(path)
    assert set(Member.objects.filter(workspace=owner.workspace).values_list("user_id", "role")) == {
        (owner.user_id, "admin"),
        (heir.user_id, "owner"),
    }


def test_team_lets_members_leave_but_for_the_only_owner() -> None:
    client, owner = seated()
    assert "one owner at least" in client.post("/dashboard/team/leave", follow=True).content.decode()
    theirs, other = seated(Role.VIEWER, owner.workspace_id)
    assert "Leave" in theirs.get("/dashboard/team/leave").content.decode()
    assert Member.objects.filter(pk=other.pk).exists()
    answer = theirs.post("/dashboard/team/leave", follow=True)
    assert f"You have left {owner.workspace.name}." in answer.content.decode()
    assert not Member.objects.filter(pk=other.pk).exists()


def test_team_changes_are_listed_with_ours_by_name_only() -> None:
    client, owner = seated()
    staff = User.objects.create_user("s@tollway.test", None, is_staff=True)
    client.post("/dashboard/team/invitations", {"email": "new@example.com", "role": "viewer"})
    tell(Deed("change", owner.workspace, "a word of the house", actor=staff.email, actor_id=staff.pk))
    text = client.get("/dashboard/team/changes").content.decode()
    assert "Invited new@example.com as viewer." in text
    assert "Changed the workspace." in text
    assert "a word of the house" not in text
    assert staff.email not in text
    other, _ = seated()
    assert "new@example.com" not in other.get("/dashboard/team/changes").content.decode()


def test_workspaces_are_changed_between_for_the_session() -> None:
    client, first = seated()
    second = Workspace.objects.get(pk=rows.workspace())
    Member.objects.create(user=first.user, workspace=second, role=Role.VIEWER)
    assert client.get("/dashboard/").context["workspace"] == first.workspace
    client.post("/dashboard/workspace/switch", {"workspace": second.pk})
    assert client.get("/dashboard/").context["workspace"] == second
    assert signed_in(first.user).get("/dashboard/").context["workspace"] == first.workspace
    strangers = rows.workspace()
    assert client.post("/dashboard/workspace/switch", {"workspace": strangers}).status_code == 404
    Member.objects.filter(workspace=second).delete()
    assert client.get("/dashboard/").context["workspace"] == first.workspace


def test_workspace_settings_keep_name_and_zone_and_nothing_else() -> None:
    """T10: what else is sent changes nothing."""
    client, owner = seated()
    before = Workspace.objects.values().get(pk=owner.workspace_id)
    sent = {
        "name": "Renamed",
        "time_zone": "Europe/Berlin",
        "slug": "x",
        "status": "closed",
        "plan_version": 1,
    }
    client.post("/dashboard/workspace", sent | {"plan_version_id": 1, "created_at": "2020-01-01", "id": 1})
    after = Workspace.objects.values().get(pk=owner.workspace_id)
    assert after == before | {"name": "Renamed", "time_zone": "Europe/Berlin"}
    assert client.post("/dashboard/workspace", {"name": "", "time_zone": "Mars/Base"}).status_code == 400
    theirs, _ = seated(Role.DEVELOPER, owner.workspace_id)
    assert theirs.get("/dashboard/workspace").status_code == 200
    assert theirs.post("/dashboard/workspace", sent).status_code == 403


def test_workspace_is_opened_with_a_plan_and_a_key_shown_once(settings: LazySettings) -> None:
    settings.SIGN_UP, settings.MOST_WORKSPACES = True, 1
    rows_plan = Workspace.objects.get(pk=rows.workspace()).plan_version.plan
    rows_plan.public = True
    rows_plan.save()
    settings.SIGN_UP_PLAN = rows_plan.slug
    who = person()
    client = signed_in(who)
    assert "Open a workspace" in client.get("/dashboard/").content.decode()
    once = client.get("/dashboard/workspace/new").context["once"]
    answer = client.post("/dashboard/workspace/new", {"name": "Northwind", "once": once})
    secret = re.search(r"rk_[0-9a-f]{64}", answer.content.decode())
    assert secret is not None
    member = Member.objects.select_related("workspace__plan_version").get(user=who)
    assert (member.role, member.workspace.name) == (Role.OWNER, "Northwind")
    assert member.workspace.plan_version.plan_id == rows_plan.pk
    assert member.workspace.keys.count() == 1
    assert client.post("/dashboard/workspace/new", {"name": "Again", "once": once}).status_code == 403
    assert secret[0] not in client.get("/dashboard/").content.decode()


def test_workspace_is_opened_by_nobody_where_sign_up_is_closed(settings: LazySettings) -> None:
    settings.SIGN_UP = False
    client = signed_in(person())
    assert "Open a workspace" not in client.get("/dashboard/").content.decode()
    assert client.post("/dashboard/workspace/new", {"name": "Northwind"}).status_code == 403


def test_workspace_is_deleted_after_a_wait_unless_it_is_kept() -> None:
    client, owner = seated()
    proven(client)
    page = client.get("/dashboard/workspace/delete")
    assert (page.status_code, "14 days after you ask" in page.content.decode()) == (200, True)
    assert client.post("/dashboard/workspace/delete", {"typed": "wrong"}).status_code == 400
    answer = client.post("/dashboard/workspace/delete", {"typed": owner.workspace.slug}, follow=True)
    assert (answer.status_code, "unless you undo it" in answer.content.decode()) == (200, True)
    row = Farewell.objects.get(workspace=owner.workspace)
    assert (row.due_at - row.asked_at).days == 14
    assert "is deleted on" in client.get("/dashboard/workspace").content.decode()
    kept = client.post("/dashboard/workspace/keep", follow=True).content.decode()
    assert "stays. Nothing was deleted." in kept
    assert "Nothing was deleted" not in client.post("/dashboard/workspace/keep", follow=True).content.decode()
    row.refresh_from_db()
    assert row.ended_by == Farewell.End.UNDONE


def test_workspace_that_owes_is_not_deleted() -> None:
    client, owner = seated()
    proven(client)
    rows.settle(owner.workspace_id, cost=2_500_000_000)
    answer = client.post("/dashboard/workspace/delete", {"typed": owner.workspace.slug})
    assert (answer.status_code, "$2.50 is owed" in answer.content.decode()) == (409, True)
    assert not Farewell.objects.filter(workspace=owner.workspace).exists()


def test_workspace_that_subscribes_is_not_deleted() -> None:
    client, owner = seated(
        workspace=rows.workspace(price_nano=10_000_000_000, credits_nano=1, period="month")
    )
    book.begin(owner.workspace, actor="test")
    proven(client)
    answer = client.post("/dashboard/workspace/delete", {"typed": owner.workspace.slug})
    assert (answer.status_code, "The subscription to" in answer.content.decode()) == (409, True)
    assert not Farewell.objects.filter(workspace=owner.workspace).exists()
