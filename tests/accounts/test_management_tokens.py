"""Tokens of the management API: who makes them, what ends them, what the database itself refuses."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts import farewells, management_tokens, rates
from accounts.models import ManagementToken, Member, TrailRow, Workspace
from kernel import clock, ids
from tests.accounts.rows import person, workspace

pytestmark = pytest.mark.django_db

Role = Member.Role


def member(role: str = Role.OWNER, place: Workspace | None = None) -> Member:
    place = place or workspace()
    who = person(place, role=role)
    return Member.objects.select_related("user", "workspace").get(user=who, workspace=place)


def made(by: Member, name: str = "report", **facts: object) -> tuple[ManagementToken, str]:
    wanted = {"scope": "write", "expires_at": None, **facts}
    return management_tokens.make(by, name=name, **wanted)  # type: ignore[arg-type]


def test_make_keeps_a_digest_and_tells_the_trail_all_but_the_secret() -> None:
    owner = member()
    token, secret = made(owner)
    assert ids.key_is_shaped(secret, "rkm")
    assert not ids.key_is_shaped(secret)
    assert (token.prefix, token.last_four) == (secret[:10], secret[-4:])
    row = TrailRow.objects.get(model="accounts.managementtoken", object_id=str(token.pk))
    assert (row.actor, row.workspace_id) == (owner.user.email, owner.workspace_id)
    kept = f"{row.said}{row.changes}{row.object}{bytes(token.digest)!r}"
    assert secret not in kept


def test_find_returns_the_maker_as_they_are_at_that_moment() -> None:
    owner = member()
    token, secret = made(owner)
    assert management_tokens.find(secret) == (token, owner)
    Member.objects.filter(pk=owner.pk).update(role=Role.VIEWER)
    found = management_tokens.find(secret)
    assert found is not None
    assert found[1].role == Role.VIEWER


@pytest.mark.parametrize("end", ["revoked", "expired", "left", "inactive", "deleted"])
def test_a_token_ends(end: str) -> None:
    place = workspace()
    member(place=place)  # another owner stays
    owner = member(place=place)
    token, secret = made(owner, expires_at=clock.now() + timedelta(days=1))
    match end:
        case "revoked":
            assert management_tokens.revoke(owner, token)
            assert not management_tokens.revoke(owner, token)
        case "expired":
            past = clock.now() - timedelta(days=2)
            ManagementToken.objects.filter(pk=token.pk).update(
                created_at=past, expires_at=past + timedelta(days=1)
            )
        case "left":
            owner.delete()
        case "inactive":
            owner.user.is_active = False
            owner.user.save()
        case _:
            farewells._erase_workspace(place)
            token.refresh_from_db()
            assert (token.name, token.revoked_at is None) == ("Token of a deleted workspace", False)
    assert management_tokens.find(secret) is None


@pytest.mark.parametrize(
    "text",
    ["", "rkm_", "rkm_" + "0" * 64, "rk_" + "0" * 64, ids.mint_key(), "\x00" * 68],
    ids=["nothing", "no secret", "a checksum that is wrong", "of a key, wrong", "a key", "no text"],
)
def test_what_is_no_token_finds_nobody(text: str) -> None:
    assert management_tokens.find(text) is None


@pytest.mark.parametrize("role", [Role.BILLING, Role.DEVELOPER, Role.VIEWER])
def test_other_roles_make_and_end_none(role: str) -> None:
    owner = member()
    token, _ = made(owner)
    other = member(role, owner.workspace)
    with pytest.raises(management_tokens.NotAllowed):
        made(other)
    with pytest.raises(management_tokens.NotAllowed):
        management_tokens.revoke(other, token)
    assert management_tokens.known(owner.workspace_id).count() == 1


def test_revoke_reaches_no_other_workspace() -> None:
    token, secret = made(member())
    assert not management_tokens.revoke(member(), token)
    assert management_tokens.find(secret) is not None


def test_make_refuses_a_past_end_and_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    owner = member()
    with pytest.raises(management_tokens.Past, match="expires_at"):
        made(owner, expires_at=clock.now() - timedelta(seconds=1))
    monkeypatch.setattr(management_tokens, "MOST", 1)
    first, _ = made(owner)
    with pytest.raises(management_tokens.TooMany):
        made(owner)
    management_tokens.revoke(owner, first)
    made(owner)


def test_make_stops_at_five_a_minute_of_one_person() -> None:
    owner = member()

    def twice_as_many_and_one() -> None:  # the minute may end in between
        for _ in range(2 * management_tokens.CREATIONS_A_MINUTE + 1):
            made(owner)

    with pytest.raises(rates.TooOften):
        twice_as_many_and_one()


def test_used_is_noted_once_a_minute() -> None:
    token, _ = made(member())
    management_tokens.used(token)
    token.refresh_from_db()
    first = token.last_used_at
    management_tokens.used(token)
    token.refresh_from_db()
    assert first is not None
    assert token.last_used_at == first


@pytest.mark.parametrize(
    "wrong",
    [{"scope": "all"}, {"name": ""}, {"expires_at": clock.now() - timedelta(days=400)}],
    ids=[*("scope", "name"), "over before it began"],
)
def test_the_database_refuses_what_no_token_can_be(wrong: dict[str, object]) -> None:
    token, _ = made(member())
    with pytest.raises(IntegrityError), transaction.atomic():
        ManagementToken.objects.filter(pk=token.pk).update(**wrong)
