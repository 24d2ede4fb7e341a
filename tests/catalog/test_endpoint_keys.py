"""Our keys at endpoints: sealed, set aside once, taken up again, and what of them reaches the catalogue."""

import asyncio
import secrets

import psycopg
import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from pytest_django import Settings

from catalog import credentials, endpoint_keys
from catalog.loading import load
from catalog.models import CatalogRevision, Endpoint, EndpointKey, Provider
from catalog.models import Hop as HopRow
from catalog.snapshot import Hop
from kernel import postgres
from tests.fakes.cast import model

pytestmark = pytest.mark.usefixtures("committed")


def endpoint(base_url: str = "https://api.example.com/v1") -> Endpoint:
    provider = Provider.objects.create(slug=f"p-{secrets.token_hex(6)}", name="test")
    return Endpoint.objects.create(provider=provider, name="e", base_url=base_url)


def key(at: Endpoint, secret: str, *, name: str = "k", **facts: object) -> EndpointKey:
    row = EndpointKey(endpoint=at, name=name, **facts)
    endpoint_keys.put_secret(row, secret)
    row.save()
    return row


def served() -> tuple[str, Endpoint]:
    """Save a model with one hop, and return its id with the hop's endpoint, which wants a key."""
    name = model(("http://127.0.0.1:9/v1", "m"))
    found = HopRow.objects.select_related("endpoint").get(chain__model__public_id=name).endpoint
    found.needs_credential = True
    found.save()
    return name, found


def hop(name: str) -> Hop:
    async def read() -> Hop:
        async with await psycopg.AsyncConnection.connect(postgres.conninfo(), autocommit=True) as connection:
            offer = (await load(connection)).find(name)
        assert offer is not None
        return offer.hops[0]

    return asyncio.run(read())


def revision() -> int:
    return CatalogRevision.objects.get().number


def test_reach_the_catalogue_in_clear_by_number() -> None:
    name, at = served()
    assert (hop(name).keys, hop(name).configured, hop(name).needs_key) == ((), False, True)
    first, second = key(at, "sk-1", name="a"), key(at, "sk-2", name="b")
    key(at, "sk-3", name="c", active=False)
    found = hop(name)
    assert [(each.id, each.secret) for each in found.keys] == [(first.pk, "sk-1"), (second.pk, "sk-2")]
    assert found.configured
    assert at.configured


def test_make_calls_go_with_a_key_where_none_would_be_needed() -> None:
    name, at = served()
    Endpoint.objects.filter(pk=at.pk).update(needs_credential=False)
    assert (hop(name).needs_key, hop(name).configured) == (False, True)
    key(at, "sk-1")
    assert hop(name).needs_key


def test_that_are_set_aside_are_not_sent_and_keep_their_place_configured() -> None:
    name, at = served()
    first = key(at, "sk-1")
    before = revision()
    assert asyncio.run(endpoint_keys.set_aside(first.pk, reason="refused (401)", failures=3))
    assert revision() > before
    found = hop(name)
    assert (found.keys, found.needs_key, found.configured) == ((), True, True)
    first.refresh_from_db()
    assert (first.set_aside_reason, first.failures, first.active) == ("refused (401)", 3, True)
    assert first.set_aside_at is not None


def test_are_set_aside_by_the_first_to_find_out_and_taken_up_once() -> None:
    first = key(endpoint(), "sk-1")
    assert asyncio.run(endpoint_keys.set_aside(first.pk, reason="refused (401)", failures=3))
    assert not asyncio.run(endpoint_keys.set_aside(first.pk, reason="other", failures=9))
    first.refresh_from_db()
    assert first.set_aside_reason == "refused (401)"
    assert endpoint_keys.take_up(first)
    assert not endpoint_keys.take_up(first)
    first.refresh_from_db()
    assert (first.set_aside_at, first.set_aside_reason, first.failures) == (None, "", 0)


def test_are_in_use_again_with_a_new_secret() -> None:
    at = endpoint()
    credentials.store(at, "sk-1")
    (first,) = at.keys.all()
    asyncio.run(endpoint_keys.set_aside(first.pk, reason="refused (401)", failures=3))
    credentials.store(at, "sk-2")
    (second,) = at.keys.all()
    assert (second.pk, second.set_aside_at) == (first.pk, None)
    assert credentials.stored(at) == "sk-2"
    credentials.store(at, "")
    assert not at.keys.exists()


def test_that_cannot_be_opened_leave_the_others_and_the_catalogue_alone(settings: Settings) -> None:
    name, at = served()
    key(at, "sk-1", name="a")
    settings.CREDENTIAL_KEYS = [Fernet.generate_key(), *settings.CREDENTIAL_KEYS]
    second = key(at, "sk-2", name="b")
    settings.CREDENTIAL_KEYS = settings.CREDENTIAL_KEYS[:1]
    assert [each.id for each in hop(name).keys] == [second.pk]


def test_are_refused_without_a_secret_or_a_reason() -> None:
    first = key(endpoint(), "sk-1")
    with pytest.raises(ValidationError):
        endpoint_keys.put_secret(first, "sk 1")
    for facts in ({"sealed": b""}, {"set_aside_reason": "x"}, {"failures": 1}):
        with pytest.raises(IntegrityError), transaction.atomic():
            EndpointKey.objects.filter(pk=first.pk).update(**facts)


@pytest.mark.parametrize(
    ("private", "base_url", "fine"),
    [
        (False, "https://api.example.com/v1", True),
        (False, "http://api.example.com/v1", False),
        (False, "https://127.0.0.1/v1", False),
        (True, "http://127.0.0.1:8000/v1", True),
        (True, "https://169.254.169.254/v1", False),
    ],
)
def test_endpoints_have_addresses_that_may_be_called(private: bool, base_url: str, fine: bool) -> None:
    provider = Provider.objects.create(slug=f"p-{secrets.token_hex(6)}", name="test", private=private)
    row = Endpoint(provider=provider, name="e", base_url=base_url)
    if fine:
        row.full_clean()
    else:
        with pytest.raises(ValidationError) as refused:
            row.full_clean()
        assert refused.value.message_dict.keys() == {"base_url"}


def test_a_provider_stays_private_while_its_endpoints_are() -> None:
    at = endpoint("http://127.0.0.1:8000/v1")
    at.provider.private = True
    at.provider.full_clean()
    at.provider.private = False
    with pytest.raises(ValidationError, match="Its endpoint e: An address begins with https"):
        at.provider.full_clean()
