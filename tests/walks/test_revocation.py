"""What a customer came in by ends: every process refuses it within two seconds, and what it has open ends too."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta

import pytest
from pytest_django import DjangoDbBlocker

from accounts import keys, signins, tokens
from accounts.models import Member
from kernel import clock
from tests.accounts.rows import person
from tests.fakes.cast import Customer, customer, model
from tests.fakes.exchange import ask
from tests.fakes.gateway import Gateway, running_gateway
from tests.fakes.open_stream import open_stream
from tests.fakes.signed_in import SignedIn, signed_in

pytestmark = pytest.mark.usefixtures("committed")

WITHIN_S = 2.2  # two seconds, and the time that asking takes


@pytest.fixture(scope="module")
def other(gateway: Gateway, django_db_blocker: DjangoDbBlocker) -> Iterator[Gateway]:
    """A second process on the same database."""
    with running_gateway() as running:
        yield running


def refused(gateway: Gateway, headers: dict[str, str]) -> bool:
    return ask("GET", gateway.base_url + "/models", headers=headers).status in {401, 403}


def ends_everywhere(
    places: tuple[Gateway, Gateway], headers: dict[str, str], name: str, act: Callable[[], object]
) -> None:
    """Have a stream open on each process, act, and hear both end and both processes refuse."""
    with ExitStack() as block:
        streams = [block.enter_context(open_stream(place, headers, name)) for place in places]
        act()
        began = time.monotonic()
        for stream in streams:
            assert stream.end() - began <= WITHIN_S
            assert stream.heard.endswith(b"data: [DONE]\n\n")
        for place in places:
            left = began + WITHIN_S - time.monotonic()
            place.eventually(lambda place=place: refused(place, headers), within=max(0.1, left))  # type: ignore[misc]


def ready(places: tuple[Gateway, Gateway], sandbox: str) -> tuple[Customer, str]:
    who, name = customer(), model((sandbox, "endless-20ms"))
    for place in places:
        place.knows(who.secret, name)
    return who, name


def revoke(who: Customer) -> None:
    keys.revoke(who.key)


def expire(who: Customer) -> None:
    who.key.expires_at = clock.now() + timedelta(milliseconds=100)
    who.key.save()


def suspend(who: Customer) -> None:
    who.workspace.status = "suspended"
    who.workspace.save()


def rotate(who: Customer) -> None:
    keys.rotate(who.key)


def delete_owner(who: Customer) -> None:
    assert who.key.created_by is not None
    who.key.created_by.is_active = False
    who.key.created_by.save()


@pytest.mark.parametrize("act", [revoke, expire, suspend, rotate, delete_owner])
def test_a_key_ends_on_every_process_with_its_streams(
    gateway: Gateway, other: Gateway, sandbox: str, act: Callable[[Customer], None]
) -> None:
    who, name = ready((gateway, other), sandbox)
    who.key.created_by = person(who.workspace)
    who.key.save()
    ends_everywhere((gateway, other), {"X-API-Key": who.secret}, name, lambda: act(who))
    assert {event["status"] for event in who.events()} == {"killed"}
    assert all(event["cost"] > 0 for event in who.events()), "what was delivered is charged"
    assert who.account()["held"] == 0


def test_another_key_of_the_workspace_goes_on(gateway: Gateway, other: Gateway, sandbox: str) -> None:
    who, name = ready((gateway, other), sandbox)
    _, second = keys.mint(who.workspace, name="second")
    with open_stream(gateway, {"X-API-Key": second}, name) as theirs:
        ends_everywhere((gateway, other), {"X-API-Key": who.secret}, name, lambda: revoke(who))
        assert theirs.goes_on()


def test_a_rotated_keys_streams_live_out_the_grace_of_its_secret(
    gateway: Gateway, other: Gateway, sandbox: str
) -> None:
    who, name = ready((gateway, other), sandbox)
    with open_stream(gateway, {"X-API-Key": who.secret}, name) as before:
        began = time.monotonic()
        after = keys.rotate(who.key, grace_seconds=3)
        with open_stream(other, {"X-API-Key": after}, name) as anew:
            assert 3 <= before.end() - began <= 3 + WITHIN_S
            assert anew.goes_on()


def log_out(who: SignedIn) -> None:
    said = tokens.read_access(who.access)
    assert said is not None
    signins.end(said.sign_in)


def change_password(who: SignedIn) -> None:
    who.user.set_password("another password")
    who.user.save()


def deactivate(who: SignedIn) -> None:
    who.user.is_active = False
    who.user.save()


def leave(who: SignedIn) -> None:
    Member.objects.filter(user=who.user).delete()


@pytest.mark.parametrize("act", [log_out, change_password, deactivate, leave])
def test_a_sign_in_ends_on_every_process_with_its_streams(
    gateway: Gateway, other: Gateway, sandbox: str, act: Callable[[SignedIn], None]
) -> None:
    place, name = ready((gateway, other), sandbox)
    who = signed_in(place.workspace)
    again = signins.begin(who.user)
    ends_everywhere((gateway, other), who.bearer, name, lambda: act(who))
    assert {event["status"] for event in place.events()} == {"killed"}
    if act is log_out:
        with open_stream(gateway, {"Authorization": f"Bearer {again.access}"}, name) as stream:
            assert stream.goes_on()
