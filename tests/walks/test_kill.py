"""Killing the open streams of a workspace: all of them, on every process, within a second, for what was delivered."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from pytest_django import DjangoDbBlocker

from accounts.models import Member
from tests.fakes.cast import Customer, customer, model
from tests.fakes.exchange import Told, ask
from tests.fakes.gateway import Gateway, running_gateway
from tests.fakes.open_stream import open_stream
from tests.fakes.signed_in import signed_in

pytestmark = pytest.mark.usefixtures("committed")

WITHIN_S = 1.0


@pytest.fixture(scope="module")
def other(gateway: Gateway, django_db_blocker: DjangoDbBlocker) -> Iterator[Gateway]:
    """A second process on the same database."""
    with running_gateway() as running:
        yield running


def kill(gateway: Gateway, headers: dict[str, str]) -> Told:
    return ask("POST", gateway.base_url + "/user/streams/kill", headers=headers)


def key(who: Customer) -> dict[str, str]:
    return {"X-API-Key": who.secret}


def test_every_process_ends_them_within_a_second_and_charges_what_was_delivered(
    gateway: Gateway, other: Gateway, sandbox: str
) -> None:
    who, name = customer(), model((sandbox, "endless-20ms"))
    gateway.knows(who.secret, name)
    other.knows(who.secret, name)
    with ExitStack() as block:
        places = (gateway, gateway, other)
        streams = [block.enter_context(open_stream(place, key(who), name)) for place in places]
        began = time.monotonic()
        told = kill(gateway, key(who))
        assert (told.status, told.json) == (200, {"killed_streams": 3})
        for stream in streams:
            assert stream.end() - began <= WITHIN_S
            assert stream.heard.endswith(b"data: [DONE]\n\n")
        for stream in streams:
            event = who.event(stream.request_id)
            assert (event["status"], event["usage_source"]) == ("killed", "counted")
            assert event["cost"] > 0
            assert event["output_tokens"] > 0
    account = who.account()
    assert (account["open_streams"], account["held"]) == (0, 0)
    assert who.open_requests() == 0


def test_a_stream_that_begins_afterwards_goes_on(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "endless-20ms"))
    gateway.knows(who.secret, name)
    assert kill(gateway, key(who)).json == {"killed_streams": 0}
    with open_stream(gateway, key(who), name) as stream:
        time.sleep(1.2)
        assert stream.goes_on()


def test_the_streams_of_other_workspaces_go_on(gateway: Gateway, sandbox: str) -> None:
    who, neighbour, name = customer(), customer(), model((sandbox, "endless-20ms"))
    gateway.knows(neighbour.secret, name)
    with open_stream(gateway, key(who), name) as mine, open_stream(gateway, key(neighbour), name) as theirs:
        assert kill(gateway, key(who)).json == {"killed_streams": 1}
        mine.end()
        assert theirs.goes_on()


def test_a_stream_whose_upstream_is_silent_ends_too_and_is_free(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "hang"))
    gateway.knows(who.secret, name)
    with open_stream(gateway, key(who), name, begun=False) as stream:
        gateway.eventually(lambda: who.open_requests() == 1, within=5)
        began = time.monotonic()
        assert kill(gateway, key(who)).json == {"killed_streams": 1}
        assert stream.end() - began <= WITHIN_S
        assert stream.heard.endswith(b"data: [DONE]\n\n")
        assert stream.response is not None
        assert stream.response.status == 200
        event = who.event(stream.request_id)
    assert (event["status"], event["cost"]) == ("killed", 0)
    assert who.account()["held"] == 0


def test_people_who_run_the_workspace_may_kill_and_viewers_may_not(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "endless-20ms"))
    gateway.knows(who.secret, name)
    with open_stream(gateway, key(who), name) as stream:
        viewer = signed_in(who.workspace, role=Member.Role.VIEWER)
        assert kill(gateway, viewer.bearer).refusal == (403, "AUTHORIZATION_ERROR")
        assert stream.goes_on()
        developer = signed_in(who.workspace, role=Member.Role.DEVELOPER)
        assert kill(gateway, developer.bearer).json == {"killed_streams": 1}
        stream.end()
