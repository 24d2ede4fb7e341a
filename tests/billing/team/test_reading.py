"""What the team's pages read: who may do what about whom, which deeds are told by which name, and the forms."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts import inviting
from accounts.models import Member, User, Workspace
from billing.team import history, page
from billing.team.forms import InviteForm, SettingsForm, SureForm
from kernel import clock
from kernel.deeds import Deed, tell
from tests.accounts.rows import person
from tests.billing import rows

Role = Member.Role


def seated(workspace: Workspace, role: str = Role.OWNER) -> Member:
    return Member.objects.select_related("user", "workspace").get(user=person(workspace, role=role))


@pytest.fixture
def workspace() -> Workspace:
    return Workspace.objects.get(pk=rows.workspace())


@pytest.mark.django_db
def test_an_owner_may_give_others_every_role_and_sees_who_is_invited(workspace: Workspace) -> None:
    owner, other = seated(workspace), seated(workspace, Role.DEVELOPER)
    asked = inviting.invite(owner, "new@example.com", Role.VIEWER)
    Member.objects.filter(pk=other.pk).update(joined_at=datetime(2026, 3, 9, 12, tzinfo=UTC))
    seen = page.team(owner)
    other_row, me = sorted(seen.people, key=lambda each: each.is_me)
    assert (me.member, me.choices, me.removable) == (owner, [], False)
    assert (other_row.member, other_row.since, other_row.removable) == (other, "9 Mar 2026", True)
    assert [choice.role for choice in other_row.choices] == Role.values
    [invited] = seen.invited
    until = asked.expires_at.date()
    assert (invited.until, invited.expired, invited.mine) == (f"{until.day} {until:%b %Y}", False, True)
    assert (seen.may_manage, seen.may_own, seen.sole_owner) == (True, True, True)
    assert [choice.role for choice in seen.giving] == Role.values


@pytest.mark.django_db
def test_a_developer_sees_the_team_and_may_do_nothing_about_it(workspace: Workspace) -> None:
    owner, other = seated(workspace), seated(workspace, Role.DEVELOPER)
    inviting.invite(owner, "new@example.com", Role.VIEWER)
    seen = page.team(other)
    assert [each.choices for each in seen.people] == [[], []]
    assert (seen.invited, seen.giving) == ([], [])
    assert (seen.may_manage, seen.may_own, seen.sole_owner) == (False, False, False)


@pytest.mark.django_db
def test_of_two_owners_neither_is_the_only_one(workspace: Workspace) -> None:
    owner, _ = seated(workspace), seated(workspace)
    assert not page.team(owner).sole_owner


@pytest.mark.django_db
def test_deeds_come_in_pages_and_go_on_where_they_stopped(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "_A_PAGE", 2)
    who = seated(workspace).user
    for number in range(4):
        tell(Deed("change", workspace, f"Deed {number}.", actor=str(who), actor_id=who.pk))
    first = history.read(workspace, before=None)
    assert [line.said for line in first.lines] == ["Deed 3.", "Deed 2."]
    rest = history.read(workspace, before=first.older)
    assert [line.said for line in rest.lines] == ["Deed 1.", "Deed 0."]
    assert rest.older is None or history.read(workspace, before=rest.older).lines


@pytest.mark.django_db
def test_who_works_here_and_what_is_done_by_itself_bears_the_houses_name(workspace: Workspace) -> None:
    staff = User.objects.create_user("s@tollway.test", None, is_staff=True)
    member_of_house = seated(workspace).user
    User.objects.filter(pk=member_of_house.pk).update(is_staff=True)
    someone = seated(workspace, Role.VIEWER).user
    for actor in (staff, member_of_house, someone):
        tell(Deed("change", workspace, "A word.", actor=actor.email, actor_id=actor.pk))
    tell(Deed("change", workspace, "A word.", actor="sweep"))
    told = [(line.who, line.said) for line in history.read(workspace, before=None).lines[:4]]
    assert told == [
        ("Tollway", "Changed the workspace."),
        (someone.email, "A word."),
        (member_of_house.email, "A word."),
        ("Tollway", "Changed the workspace."),
    ]


def test_zones_to_choose_from_are_those_of_places() -> None:
    zones = SettingsForm().zones
    assert {"UTC", "Europe/Berlin"} < set(zones)
    assert zones == sorted(zones)
    assert not {"EST", "GMT", "localtime"} & set(zones)


def test_who_is_invited_is_a_developer_unless_something_else_is_chosen() -> None:
    html = str(InviteForm(giving=[("admin", "Admin"), ("developer", "Developer")]))
    assert '<option value="developer" selected>' in html


def test_a_word_is_typed_to_be_sure() -> None:
    assert "Type northwind to be sure" in str(SureForm(word="northwind"))
    sure, unsure = (SureForm({"typed": typed}, word="northwind") for typed in (" northwind ", "Northwind"))
    assert (sure.is_valid(), sure.cleaned_data) == (True, {"typed": "northwind"})
    assert unsure.errors == {"typed": ["Type northwind as it is written."]}


@pytest.mark.django_db
def test_an_invitation_that_is_over_is_shown_as_expired(workspace: Workspace) -> None:
    owner = seated(workspace)
    asked = inviting.invite(owner, "new@example.com", Role.VIEWER)
    type(asked).objects.filter(pk=asked.pk).update(expires_at=clock.now() - timedelta(minutes=1))
    [invited] = page.team(owner).invited
    assert invited.expired
