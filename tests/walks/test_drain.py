"""The end of a gateway process: what is open is finished or told, and all of it is settled."""

import signal
import socket
import time
from contextlib import ExitStack

import pytest

from tests.fakes.cast import customer, model
from tests.fakes.gateway import Gateway, running_gateway

pytestmark = pytest.mark.usefixtures("committed")


def rest(wire: socket.socket) -> bytes:
    heard = b""
    while part := wire.recv(65536):
        heard += part
    return heard


def test_lets_a_stream_end_by_itself_within_the_budget(sandbox: str) -> None:
    who, name = customer(), model((sandbox, "slow-30ms"))
    with running_gateway(TOLLWAY_DRAIN_SECONDS="20") as gateway:
        gateway.knows(who.secret, name)
        with gateway.streaming(who.secret, name) as wire:
            gateway.stop()
            heard = rest(wire)
        assert gateway.gone() < 10
    assert b"data: [DONE]\n\n" in heard
    assert b'"error"' not in heard
    assert [booked["status"] for booked in who.events()] == ["ok"]


def test_tells_the_streams_that_last_longer_and_settles_them(sandbox: str) -> None:
    who, name = customer(), model((sandbox, "slow"))
    idle = model((sandbox, "stall"), wait_seconds=60)
    with running_gateway(TOLLWAY_DRAIN_SECONDS="2") as gateway, ExitStack() as open_streams:
        gateway.knows(who.secret, name, idle)
        names = [name, idle] * 10
        wires = [open_streams.enter_context(gateway.streaming(who.secret, each)) for each in names]
        began = time.monotonic()
        gateway.stop()
        heard = [rest(wire) for wire in wires]
        assert 1.5 < time.monotonic() - began < 6
        gateway.gone()
    assert all(b'"code":"UNAVAILABLE"' in text and b"[DONE]" not in text for text in heard)
    events = who.events()
    assert [booked["status"] for booked in events] == ["drained"] * 20
    assert all(booked["cost"] > 0 for booked in events)
    assert who.account()["unbilled"] == sum(booked["cost"] for booked in events)
    assert (who.open_requests(), who.account()["held"], who.account()["open_streams"]) == (0, 0, 0)


def test_lets_in_nobody_any_more(sandbox: str) -> None:
    who, slow, name = customer(), model((sandbox, "slow")), model((sandbox, "words"))
    with running_gateway(TOLLWAY_DRAIN_SECONDS="2") as gateway:
        gateway.knows(who.secret, slow, name)
        with gateway.streaming(who.secret, slow):
            gateway.stop()
            gateway.eventually(lambda: refused(gateway, who.secret, name), within=2)
        gateway.gone()


def refused(gateway: Gateway, secret: str, name: str) -> bool:
    try:
        return gateway.chat(secret, name).status == 503
    except ConnectionError:
        return True


def test_settles_even_when_the_server_loses_patience(sandbox: str) -> None:
    who, name = customer(), model((sandbox, "slow"))
    late = model((sandbox, "late-20000ms"), wait_seconds=60)
    with running_gateway(patience_s=1, TOLLWAY_DRAIN_SECONDS="30") as gateway:
        gateway.knows(who.secret, name, late)
        with gateway.streaming(who.secret, name), gateway.asking(who.secret, late):
            gateway.eventually(lambda: who.open_requests() == 2, within=3)
            gateway.stop()
            assert gateway.gone() < 8
    assert sorted(booked["status"] for booked in who.events()) == ["drained", "drained"]
    assert who.open_requests() == 0


def test_ends_at_once_when_nothing_is_open() -> None:
    with running_gateway() as gateway:
        gateway.stop()
        assert gateway.gone() < 5
        assert gateway.process.returncode in (0, -signal.SIGTERM)
