"""Deleting: a workspace and a person go after a wait, can be kept, and leave nothing personal but the trail (D01)."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress

from accounts import farewells, keys, management_tokens, signins
from accounts.models import ApiKey, Farewell, Invitation, ManagementToken, Member, User, Workspace
from billing import ledger, statements
from billing.models import BillingDetails
from billing.team import closing
from kernel import clock
from tests.accounts.rows import person
from tests.billing import rows

pytestmark = pytest.mark.django_db


def of(who: User) -> Workspace:
    place = Workspace.objects.get(pk=rows.workspace())
    Member.objects.create(workspace=place, user=who, role=Member.Role.OWNER)
    return place


def due(row: Farewell) -> None:
    Farewell.objects.filter(pk=row.pk).update(due_at=clock.now() - timedelta(seconds=1))


def test_a_workspace_stays_until_its_day_and_goes_without_what_is_personal() -> None:
    who = person()
    place = of(who)
    rows.fund(place.pk, 5_000_000_000)
    key, _ = keys.mint(place, name="backend of Ann", created_by=who)
    BillingDetails.objects.create(workspace_id=place.pk, legal_name="Ann", email="ann@example.com")
    Invitation.objects.create(
        workspace=place, email="b@example.com", role="viewer", invited_by=who, expires_at=clock.now()
    )
    row = farewells.ask_for_workspace(place, by=who)
    assert closing.finish_due() == 0
    due(row)
    assert closing.finish_due() == 1
    place.refresh_from_db()
    assert (place.status, place.name, place.slug) == (
        Workspace.Status.CLOSED,
        f"Deleted workspace {place.pk}",
        f"deleted-{place.pk}",
    )
    key.refresh_from_db()
    assert key.revoked_at is not None
    assert "Ann" not in key.name
    for model in (Member, Invitation):
        assert not model.objects.filter(workspace=place).exists()
    assert not BillingDetails.objects.filter(pk=place.pk).exists()
    assert statements.balance(place.pk).posted == 5_000_000_000
    assert [entry.amount for entry in ledger.entries(place.pk)] == [5_000_000_000]
    assert closing.finish_due() == 0


def test_a_workspace_is_kept_when_that_is_asked_in_time() -> None:
    who = person()
    place = of(who)
    row = farewells.ask_for_workspace(place, by=who)
    assert farewells.ask_for_workspace(place, by=who).pk == row.pk
    assert farewells.undo(row, by=who)
    due(row)
    assert closing.finish_due() == 0
    assert not farewells.undo(row, by=who)
    place.refresh_from_db()
    assert place.status == Workspace.Status.ACTIVE


def test_a_workspace_that_owes_waits_and_says_why() -> None:
    who = person()
    place = of(who)
    row = farewells.ask_for_workspace(place, by=who)
    rows.settle(place.pk, cost=1_230_000_000)
    due(row)
    assert closing.finish_due() == 0
    row.refresh_from_db()
    assert row.waits_for == "$1.23 is owed. Add credit first."
    rows.fund(place.pk, 2_000_000_000)
    assert closing.finish_due() == 1


def test_a_person_goes_with_name_address_and_sign_ins_and_their_keys_stop() -> None:
    place = Workspace.objects.get(pk=rows.workspace())
    who, other = person(place, role=Member.Role.ADMIN), person(place)
    address = who.email
    EmailAddress.objects.create(user=who, email=address, verified=True, primary=True)
    key, _ = keys.mint(place, name="theirs", created_by=who)
    signins.begin(who)
    seat = Member.objects.select_related("user").get(user=who)
    token, _ = management_tokens.make(seat, name="theirs", scope="read", expires_at=None)
    row = farewells.ask_for_person(who)
    due(row)
    assert closing.finish_due() == 1
    who.refresh_from_db()
    assert (who.email, who.name, who.is_active) == (f"{who.pk}@{farewells.GONE}", "", False)
    assert not who.has_usable_password()
    assert not EmailAddress.objects.filter(email=address).exists()
    assert not who.sign_ins.filter(ended_at=None).exists()
    assert [each.user_id for each in Member.objects.filter(workspace=place)] == [other.pk]
    assert ManagementToken.objects.get(pk=token.pk).revoked_at is not None
    assert ApiKey.objects.get(pk=key.pk).created_by == who  # who is not active: the door refuses it
    assert signins.person_by_password(address, "anything") is None


def test_a_person_who_alone_owns_a_workspace_stays_until_it_is_in_other_hands() -> None:
    who = person()
    place = of(who)
    with pytest.raises(farewells.SoleOwner, match=place.name):
        farewells.ask_for_person(who)
    heir = person(place)
    row = farewells.ask_for_person(who)
    Member.objects.filter(user=heir).delete()
    due(row)
    assert closing.finish_due() == 0
    row.refresh_from_db()
    assert place.name in row.waits_for
