"""A workspace's own keys at providers: kept sealed, one per provider, gone for good when they are taken away."""

import asyncio
import secrets
from typing import Any

import psycopg
import pytest
from cryptography.fernet import Fernet
from django.contrib.admin.models import LogEntry
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from psycopg_pool import AsyncConnectionPool
from pytest_django import Settings

from accounts import keys, provider_keys
from accounts.callers import Caller, Directory
from accounts.models import ProviderKey, Workspace
from catalog import credentials
from catalog.models import Provider
from kernel import postgres
from tests.accounts.rows import person, workspace
from tests.fakes.signed_in import signed_in

pytestmark = pytest.mark.usefixtures("committed")

SECRET = "sk-own-0123456789abcdef"


def provider() -> Provider:
    name = f"p-{secrets.token_hex(6)}"
    return Provider.objects.create(slug=name, name=name)


def found(secret: str, *, token: str = "") -> Caller:
    async def walk() -> Caller | None:
        pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
            postgres.conninfo(), min_size=1, open=False, kwargs={"autocommit": True}
        )
        async with pool:
            directory = Directory(pool)
            return await (directory.find_person(token) if token else directory.find(secret))

    caller = asyncio.run(walk())
    assert caller is not None
    return caller


def test_are_kept_sealed_and_shown_by_their_ends() -> None:
    place, there = workspace(), provider()
    key = provider_keys.put(place, there, SECRET, by=person(place))
    assert (key.hint, str(key)) == ("…cdef", f"{there} …cdef")
    assert SECRET.encode() not in bytes(key.sealed)
    assert credentials.decrypt(bytes(key.sealed)) == SECRET
    assert [*provider_keys.listed(place)] == [key]
    assert not provider_keys.listed(workspace())


def test_one_is_in_use_per_provider_and_leaves_no_secret_behind() -> None:
    place, there, other = workspace(), provider(), provider()
    operator = person(place)
    first = provider_keys.put(place, there, SECRET, by=operator)
    second = provider_keys.put(place, there, "sk-own-another-one-9999", by=operator)
    third = provider_keys.put(place, other, SECRET, by=operator)
    assert {*provider_keys.listed(place)} == {second, third}
    first.refresh_from_db()
    assert (first.active, bytes(first.sealed)) == (False, b"")
    assert provider_keys.remove(place, there, by=operator)
    assert not provider_keys.remove(place, there, by=operator)
    second.refresh_from_db()
    assert (second.active, bytes(second.sealed)) == (False, b"")
    assert [*provider_keys.listed(place)] == [third]


def test_changes_are_on_record_without_the_secret() -> None:
    place, there = workspace(), provider()
    operator = person(place)
    provider_keys.put(place, there, SECRET, by=operator)
    provider_keys.put(place, there, SECRET, by=operator)
    provider_keys.remove(place, there, by=operator)
    entries = LogEntry.objects.filter(user=operator, object_id=str(place.pk)).order_by("pk")
    assert [entry.change_message for entry in entries] == [
        f"Set the own key at {there} …cdef.",
        f"Replaced the own key at {there} …cdef.",
        f"Took the own key at {there} away.",
    ]


def test_what_is_no_key_is_refused_and_keeps_the_one_before() -> None:
    place, there = workspace(), provider()
    key = provider_keys.put(place, there, SECRET, by=person(place))
    with pytest.raises(ValidationError):
        provider_keys.put(place, there, "sk own", by=person(place))
    assert [*provider_keys.listed(place)] == [key]


def test_the_database_allows_no_second_one_in_use() -> None:
    place, there = workspace(), provider()
    key = provider_keys.put(place, there, SECRET, by=person(place))
    with pytest.raises(IntegrityError, match="provider_key_one_in_use"), transaction.atomic():
        ProviderKey.objects.create(
            workspace=place, provider=there, sealed=key.sealed, created_by=key.created_by
        )
    with pytest.raises(IntegrityError, match="provider_key_is_kept_while_in_use"), transaction.atomic():
        ProviderKey.objects.filter(pk=key.pk).update(active=False)


def test_callers_by_key_and_by_token_have_those_of_their_workspace() -> None:
    place, there, other = workspace(), provider(), provider()
    who = signed_in(place)
    _, secret = keys.mint(place, name="k")
    assert found(secret).own_keys == {}
    provider_keys.put(place, there, SECRET, by=who.user)
    provider_keys.put(place, other, "sk-own-another-one-9999", by=who.user)
    provider_keys.put(workspace(), there, "sk-own-of-somebody-else", by=who.user)
    expected = {there.pk: SECRET, other.pk: "sk-own-another-one-9999"}
    caller = found(secret)
    assert caller.own_keys == expected
    assert found("", token=who.access).own_keys == expected
    assert SECRET not in repr(caller)
    provider_keys.remove(place, there, by=who.user)
    assert found(secret).own_keys == {other.pk: "sk-own-another-one-9999"}


def test_one_that_cannot_be_opened_is_missed_and_never_left_out(settings: Settings) -> None:
    place, there = workspace(), provider()
    provider_keys.put(place, there, SECRET, by=person(place))
    _, secret = keys.mint(place, name="k")
    settings.CREDENTIAL_KEYS = [Fernet.generate_key()]
    assert found(secret).own_keys == {there.pk: ""}


def test_two_who_set_one_at_once_leave_one() -> None:
    place, there = workspace(), provider()
    operator = person(place)
    with transaction.atomic():
        provider_keys.put(place, there, SECRET, by=operator)
        # Another session waits for the first one's end, as its lock on the workspace shows.
        with (
            psycopg.connect(postgres.conninfo(lock_seconds=0.2)) as other,
            pytest.raises(psycopg.errors.LockNotAvailable),
        ):
            other.execute(f"SELECT FROM {Workspace._meta.db_table} WHERE id = %s FOR UPDATE", [place.pk])
    assert provider_keys.listed(place).count() == 1
