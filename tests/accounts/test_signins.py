"""Sign-ins for tokens: begun by a password, renewed once by each refresh token, ended for good."""

import time
from datetime import timedelta

import jwt
import pytest

from accounts import signins, tokens
from accounts.models import Member, SignIn
from tests.accounts.rows import PASSWORD, person, workspace

pytestmark = pytest.mark.django_db


def test_a_password_is_known_in_any_case_of_its_address() -> None:
    who = person()
    assert signins.person_by_password(who.email.upper(), PASSWORD) == who


@pytest.mark.parametrize("password", ["", "wrong", PASSWORD.upper()])
def test_a_wrong_password_is_nobodys(password: str) -> None:
    assert signins.person_by_password(person().email, password) is None


def test_a_person_who_was_deactivated_is_nobody() -> None:
    who = person()
    who.is_active = False
    who.save()
    assert signins.person_by_password(who.email, PASSWORD) is None


def test_an_unknown_address_costs_as_much_as_a_wrong_password() -> None:
    who = person()

    def least_work(address: str) -> float:
        took = []
        for _ in range(3):
            began = time.process_time()
            assert signins.person_by_password(address, "wrong") is None
            took.append(time.process_time() - began)
        return min(took)

    assert least_work("nobody@example.com") > least_work(who.email) / 2


def test_it_begins_in_the_workspace_that_was_joined_first() -> None:
    first, second = workspace(), workspace()
    who = person(first, second)
    Member.objects.filter(workspace=first).update(joined_at=who.date_joined + timedelta(days=1))
    said = tokens.read_access(signins.begin(who).access)
    assert said is not None
    assert (said.person_id, said.workspace_id) == (who.pk, second.pk)


def test_no_token_is_in_its_row() -> None:
    pair = signins.begin(person(workspace()))
    row = SignIn.objects.values_list().get()
    assert not [value for value in row if str(value) in (pair.access, pair.refresh)]


def test_a_refresh_token_is_good_once_and_its_second_use_ends_the_whole_sign_in() -> None:
    first = signins.begin(person(workspace()))
    second = signins.renew(first.refresh)
    assert second.refresh != first.refresh
    with pytest.raises(signins.Refused):
        signins.renew(first.refresh)
    with pytest.raises(signins.Refused):
        signins.renew(second.refresh)
    row = SignIn.objects.get()
    assert row.ended_at is not None
    assert row.ended_by == SignIn.End.REUSE


def test_an_access_token_renews_nothing() -> None:
    with pytest.raises(signins.Refused):
        signins.renew(signins.begin(person(workspace())).access)


def test_a_changed_password_and_a_deactivation_end_renewal() -> None:
    who = person(workspace())
    before = signins.begin(who)
    who.set_password("another password")
    who.save()
    with pytest.raises(signins.Refused):
        signins.renew(before.refresh)
    after = signins.begin(who)
    who.is_active = False
    who.save()
    with pytest.raises(signins.Refused):
        signins.renew(after.refresh)


def test_an_ended_sign_in_is_not_renewed_and_keeps_its_moment() -> None:
    pair = signins.begin(person(workspace()))
    row = SignIn.objects.get()
    signins.end(row.pk)
    row.refresh_from_db()
    ended = row.ended_at
    signins.end(row.pk)
    row.refresh_from_db()
    assert (row.ended_at, row.ended_by) == (ended, SignIn.End.LOGOUT)
    with pytest.raises(signins.Refused):
        signins.renew(pair.refresh)


def test_a_renewal_carries_the_plan_of_the_present_day() -> None:
    place = workspace()
    pair = signins.begin(person(place))
    place.plan_version = workspace().plan_version
    place.save()
    said = jwt.decode(signins.renew(pair.refresh).access, options={"verify_signature": False})
    assert said["plan"] == place.plan_version.plan.slug


def test_sign_ins_long_expired_are_forgotten_when_the_person_comes_back() -> None:
    who = person(workspace())
    signins.begin(who)
    SignIn.objects.update(expires_at=who.date_joined - timedelta(days=31))
    signins.begin(who)
    assert SignIn.objects.filter(person=who).count() == 1
