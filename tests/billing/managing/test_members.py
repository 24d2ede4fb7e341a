"""Members by the management API: what the page Team does, by the same rules."""

import pytest

from accounts import keys
from accounts.models import Member, TrailRow
from tests.billing.managing.asking import Place, ask, furnished_for, seated, token_of

pytestmark = pytest.mark.django_db

Role = Member.Role


@pytest.fixture
def place() -> Place:
    return furnished_for("member_id")


def other(place: Place) -> Member:
    assert place.other is not None
    return place.other


def at(member: Member) -> str:
    return f"/api/members/{member.pk}"


def test_a_member_is_given_another_role(place: Place) -> None:
    told = ask("PATCH", at(other(place)), place.secret, {"role": "billing"}).json()
    assert (told["email"], told["role"]) == (other(place).user.email, "billing")
    assert Member.objects.get(pk=other(place).pk).role == Role.BILLING
    row = TrailRow.objects.filter(model="accounts.member", object_id=str(other(place).pk)).get()
    assert row.actor == place.owner.user.email


def test_a_member_is_taken_out_with_their_tokens_and_without_their_keys(place: Place) -> None:
    Member.objects.filter(pk=other(place).pk).update(role=Role.ADMIN)
    key, _ = keys.mint(place.workspace, name="theirs", created_by=other(place).user)
    secret = token_of(place, Role.ADMIN)
    maker = Member.objects.filter(workspace=place.workspace).latest("pk")
    assert ask("GET", "/api/members", secret).status_code == 200
    for member in (other(place), maker):
        assert ask("DELETE", at(member), place.secret).json()["id"] == str(member.pk)
        assert ask("DELETE", at(member), place.secret).status_code == 404
    key.refresh_from_db()
    assert key.revoked_at is None
    assert ask("GET", "/api/members", secret).status_code == 401
    assert [row["email"] for row in ask("GET", "/api/members", place.secret).json()["data"]] == [
        place.owner.user.email
    ]


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "role"), ({"role": "king"}, "role"), ({"role": None}, "role"), ({"role": "viewer", "x": 1}, "x")],
)
def test_a_role_that_cannot_be_is_refused_by_its_name(
    place: Place, body: dict[str, object], field: str
) -> None:
    answer = ask("PATCH", at(other(place)), place.secret, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
    assert answer.json()["detail"].startswith(f"{field}: ")
    assert Member.objects.get(pk=other(place).pk).role == Role.DEVELOPER


def test_nobody_decides_about_their_own_place(place: Place) -> None:
    for method, body in (("PATCH", {"role": "admin"}), ("DELETE", None)):
        assert ask(method, at(place.owner), place.secret, body).status_code == 404
    assert Member.objects.get(pk=place.owner.pk).role == Role.OWNER


def test_owners_are_made_and_unmade_by_owners_alone(place: Place) -> None:
    secret = token_of(place, Role.ADMIN)
    for member, body in ((other(place), {"role": "owner"}), (place.owner, {"role": "viewer"})):
        answer = ask("PATCH", at(member), secret, body)
        assert (answer.status_code, answer.json()["code"]) == (403, "AUTHORIZATION_ERROR")
    assert ask("DELETE", at(place.owner), secret).status_code == 403
    assert ask("PATCH", at(other(place)), place.secret, {"role": "owner"}).json()["role"] == "owner"


def test_one_of_two_owners_can_go(place: Place) -> None:
    second = seated(place.workspace)
    assert ask("DELETE", at(second), place.secret).status_code == 200
    assert Member.objects.filter(workspace=place.workspace, role=Role.OWNER).get() == place.owner
