"""What is done to keys: with its budget and its line in the trail, or not at all."""

from datetime import timedelta

import pytest

from accounts import keys, rates
from accounts.models import ApiKey, TrailRow, User
from billing import budgets
from billing.budgets import Period
from billing.keyring import changes
from billing.keyring.changes import Allowance, Wish, Wrong
from kernel import clock
from tests.accounts.rows import person
from tests.billing import rows

pytestmark = pytest.mark.django_db

FIVE_A_DAY = Allowance(5_000_000_000, Period.DAY)


@pytest.fixture
def mara() -> User:
    return person()


def said(key: ApiKey) -> list[tuple[str, str]]:
    told = TrailRow.objects.filter(model="accounts.apikey", object_id=str(key.pk)).order_by("no")
    return [(row.actor, row.said) for row in told]


def last_changes(key: ApiKey) -> dict[str, list[str | None]]:
    row = TrailRow.objects.filter(model="accounts.apikey", object_id=str(key.pk)).order_by("-no")[0]
    return dict(row.changes)


def test_create_makes_the_key_with_its_budget_and_tells_the_trail_all_but_the_secret(mara: User) -> None:
    workspace = rows.workspace()
    key, secret = changes.create(workspace, Wish("ci", default_tag="nightly", allowance=FIVE_A_DAY), by=mara)
    assert (key.created_by, key.default_tag) == (mara, "nightly")
    budget = budgets.of_key(workspace, key.pk)
    assert budget is not None
    assert (budget.limit, budget.period) == (FIVE_A_DAY.limit, "day")
    assert said(key) == [(mara.email, "Made the key. Its secret was shown once.")]
    assert last_changes(key) == {
        "name": [None, "ci"],
        "tag": [None, "nightly"],
        "budget": [None, "$5.000000000 a day"],
    }
    row = TrailRow.objects.get(model="accounts.apikey", object_id=str(key.pk))
    assert row.workspace_id == workspace
    assert secret not in f"{row.said}{row.changes}{row.object}"


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (Wish("x", expires_at=clock.now() - timedelta(seconds=1)), "expires_at"),
        (Wish("x", allowed_models=("route/none",)), "allowed_models"),
    ],
    ids=["past", "unknown model"],
)
def test_create_names_the_field_of_a_wish_that_cannot_be(mara: User, wish: Wish, field: str) -> None:
    workspace = rows.workspace()
    with pytest.raises(Wrong) as wrong:
        changes.create(workspace, wish, by=mara)
    assert wrong.value.field == field
    assert not ApiKey.objects.filter(workspace_id=workspace).exists()


def test_create_stops_at_five_a_minute_of_one_person(mara: User) -> None:
    workspace = rows.workspace()

    def twice_as_many_and_one() -> None:  # the minute may end in between
        for _ in range(2 * changes.CREATIONS_A_MINUTE + 1):
            changes.create(workspace, Wish("x"), by=mara)

    with pytest.raises(rates.TooOften):
        twice_as_many_and_one()


def test_amend_changes_what_differs_and_tells_only_that(mara: User) -> None:
    key, _ = changes.create(rows.workspace(), Wish("ci", allowance=FIVE_A_DAY), by=mara)
    changes.amend(key, Wish("ci", default_tag="night", allowance=None), by=mara)
    assert budgets.of_key(key.workspace_id, key.pk) is None
    assert last_changes(key) == {"tag": [None, "night"], "budget": ["$5.000000000 a day", None]}
    changes.amend(key, Wish("ci", default_tag="night"), by=mara)
    assert len(said(key)) == 2


def test_amend_leaves_a_past_end_alone_that_was_not_touched(mara: User) -> None:
    key, _ = changes.create(rows.workspace(), Wish("ci"), by=mara)
    made, ended = clock.now() - timedelta(days=2), clock.now() - timedelta(days=1)
    ApiKey.objects.filter(pk=key.pk).update(created_at=made, expires_at=ended)
    key.refresh_from_db()
    changes.amend(key, Wish("renamed", expires_at=ended), by=mara)
    assert key.name == "renamed"


def test_a_revoked_key_takes_no_change(mara: User) -> None:
    key, _ = changes.create(rows.workspace(), Wish("ci"), by=mara)
    assert changes.revoke(key, by=mara)
    assert not changes.revoke(key, by=mara)
    with pytest.raises(ApiKey.DoesNotExist):
        changes.amend(key, Wish("other", allowance=FIVE_A_DAY), by=mara)
    with pytest.raises(ApiKey.DoesNotExist):
        changes.rotate(key, by=mara)
    assert [words for _, words in said(key)] == [
        "Made the key. Its secret was shown once.",
        "Revoked the key.",
    ]


def test_rotate_says_until_when_the_secret_before_works(mara: User) -> None:
    key, first = changes.create(rows.workspace(), Wish("ci"), by=mara)
    second = changes.rotate(key, by=mara, grace_seconds=3600)
    assert key.retired_until is not None
    assert said(key)[-1][1] == (
        f"Gave the key a new secret; the one before works until {key.retired_until:%Y-%m-%d %H:%M:%S} UTC."
    )
    assert last_changes(key) == {"key": [f"ci {first[:9]}…{first[-4:]}", f"ci {second[:9]}…{second[-4:]}"]}
    changes.rotate(key, by=mara)
    assert said(key)[-1][1] == "Gave the key a new secret; the one before ended at once."


def test_revoke_all_ends_what_is_in_reach_and_tells_of_each(mara: User) -> None:
    workspace, other = rows.workspace(), person()
    mine = [changes.create(workspace, Wish(name), by=mara)[0] for name in ("a", "b")]
    theirs, _ = changes.create(workspace, Wish("c"), by=other)
    found = keys.in_reach(workspace, role="developer", person_id=mara.pk)
    assert changes.revoke_all(found, by=mara) == 2
    assert [said(key)[-1][1] for key in mine] == ["Revoked the key."] * 2
    theirs.refresh_from_db()
    assert theirs.revoked_at is None
