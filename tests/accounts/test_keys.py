"""Minting and revoking inference keys."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import IntegrityError

from accounts import keys, workspaces
from accounts.models import ApiKey, Workspace
from catalog.models import Plan, PlanVersion
from kernel import clock, ids

pytestmark = pytest.mark.django_db


@pytest.fixture
def terms() -> PlanVersion:
    plan = Plan.objects.create(slug="keys", name="Keys", rank=31_000)
    return PlanVersion.objects.create(
        plan=plan,
        version=1,
        published_at=clock.now(),
        price_nano=0,
        credits_nano=0,
        tiers=["free"],
        stream_cap=1,
    )


@pytest.fixture
def workspace(terms: PlanVersion) -> Workspace:
    return workspaces.create("Keys", plan_version=terms)


def test_a_minted_key_is_found_by_the_digest_of_its_secret(workspace: Workspace) -> None:
    key, secret = keys.mint(workspace, name="ci", default_tag="nightly")
    assert ids.key_is_shaped(secret)
    found = ApiKey.objects.get(digest=ids.digest_key(secret, pepper=settings.KEY_PEPPER))
    assert (found.pk, found.workspace, found.default_tag) == (key.pk, workspace, "nightly")


def test_the_secret_of_a_key_is_nowhere_in_its_row(workspace: Workspace) -> None:
    _, secret = keys.mint(workspace, name="ci")
    row = ApiKey.objects.values_list().get()
    assert not [value for value in row if secret[12:-4] in str(value)]


def test_what_is_shown_of_a_key_is_its_beginning_and_its_last_four(workspace: Workspace) -> None:
    key, secret = keys.mint(workspace, name="ci")
    assert key.prefix == secret[:9]
    assert key.last_four == secret[-4:]


def test_two_keys_have_two_secrets(workspace: Workspace) -> None:
    assert keys.mint(workspace, name="a")[1] != keys.mint(workspace, name="a")[1]


def test_a_key_that_expired_before_it_began_is_refused(workspace: Workspace) -> None:
    with pytest.raises(IntegrityError, match="key_expires_after_creation"):
        keys.mint(workspace, name="late", expires_at=clock.now() - timedelta(seconds=1))


def test_revoking_twice_keeps_the_first_moment(workspace: Workspace) -> None:
    key, _ = keys.mint(workspace, name="ci")
    assert keys.revoke(key)
    first = key.revoked_at
    assert first is not None
    assert not keys.revoke(key)
    assert key.revoked_at == first


def test_a_rotated_key_is_the_same_key_under_another_secret(workspace: Workspace) -> None:
    key, before = keys.mint(workspace, name="ci")
    after = keys.rotate(key)
    assert ids.key_is_shaped(after)
    found = ApiKey.objects.get(digest=ids.digest_key(after, pepper=settings.KEY_PEPPER))
    assert (found.pk, found.last_four, found.retired_digest) == (key.pk, after[-4:], None)
    assert not ApiKey.objects.filter(digest=ids.digest_key(before, pepper=settings.KEY_PEPPER)).exists()


def test_the_secret_before_is_kept_for_its_grace_and_only_the_last_one(workspace: Workspace) -> None:
    key, first = keys.mint(workspace, name="ci")
    second = keys.rotate(key, grace_seconds=60)
    assert key.retired_until is not None
    assert bytes(key.retired_digest or b"") == ids.digest_key(first, pepper=settings.KEY_PEPPER)
    assert timedelta(0) < key.retired_until - clock.now() <= timedelta(seconds=60)
    keys.rotate(key, grace_seconds=60)
    assert bytes(key.retired_digest or b"") == ids.digest_key(second, pepper=settings.KEY_PEPPER)


@pytest.mark.parametrize("grace", [-1, keys.LONGEST_GRACE + 1])
def test_a_grace_beyond_its_bounds_is_refused(workspace: Workspace, grace: int) -> None:
    key, _ = keys.mint(workspace, name="ci")
    with pytest.raises(ValueError, match="grace_seconds"):
        keys.rotate(key, grace_seconds=grace)


def test_a_revoked_key_is_not_rotated(workspace: Workspace) -> None:
    key, _ = keys.mint(workspace, name="ci")
    keys.revoke(key)
    with pytest.raises(ApiKey.DoesNotExist):
        keys.rotate(key)


def test_a_workspace_has_so_many_keys_and_no_more(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "MOST_KEYS", 1)
    key, _ = keys.mint(workspace, name="a")
    with pytest.raises(keys.TooMany):
        keys.mint(workspace, name="b")
    keys.revoke(key)
    keys.mint(workspace, name="b")
