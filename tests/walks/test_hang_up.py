"""Callers who leave, and callers who do not listen."""

import re
import time

import pytest

from catalog.models import Provider
from tests.fakes.cast import customer, model
from tests.fakes.gateway import Gateway
from tests.fakes.scripted import DONE, Hold, Pause, event, scripted, stream
from tests.walks.test_stream import END, TOLD, USAGE, delta

pytestmark = pytest.mark.usefixtures("committed")


def test_end_a_stream_upstream_and_pay_for_what_came(gateway: Gateway) -> None:
    slow = (step for n in range(200) for step in (event(delta(f" word{n}")), Pause(0.05)))
    with scripted(stream(*slow)) as upstream:
        who, name = customer(), model((upstream.base_url, "m"))
        gateway.knows(who.secret, name)
        with gateway.streaming(who.secret, name) as wire:
            wire.recv(65536)
        gateway.eventually(lambda: who.open_requests() == 0, within=3)
        gateway.eventually(lambda: upstream.seen[0].ended == "caller_left", within=3)
    (booked,) = who.events()
    assert (booked["status"], booked["usage_source"]) == ("client_gone", "counted")
    assert 0 < booked["output_tokens"] < 60
    assert booked["cost"] > 0
    assert who.account()["open_streams"] == 0


def test_pay_what_the_provider_tells_where_it_is_read_on(gateway: Gateway) -> None:
    hold = Hold()
    with scripted(
        stream(event(delta("one")), hold, event(delta(" two")), event(END), event(TOLD), DONE)
    ) as upstream:
        who, name = customer(), model((upstream.base_url, "m"))
        Provider.objects.filter(endpoints__hops__chain__model__public_id=name).update(drain_seconds=5)
        gateway.knows(who.secret, name)
        time.sleep(2)  # until the gateway has the provider's new row
        with gateway.streaming(who.secret, name):
            pass
        time.sleep(1.5)  # until the gateway has noticed that the caller is gone
        hold.event.set()
        gateway.eventually(lambda: who.open_requests() == 0, within=3)
    (booked,) = who.events()
    assert (booked["status"], booked["usage_source"]) == ("client_gone", "upstream")
    assert booked["output_tokens"] == USAGE["completion_tokens"]


def test_end_a_silent_stream_too(gateway: Gateway) -> None:
    hold = Hold()
    with scripted(stream(event(delta("one")), hold)) as upstream:
        who, name = customer(), model((upstream.base_url, "m"))
        gateway.knows(who.secret, name)
        with gateway.streaming(who.secret, name):
            pass
        gateway.eventually(lambda: who.open_requests() == 0, within=2)
        hold.event.set()
    assert who.events()[0]["status"] == "client_gone"


def test_pay_nothing_before_the_first_byte(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "late-3000ms"))
    gateway.knows(who.secret, name)
    with gateway.asking(who.secret, name, stream=True):
        gateway.eventually(lambda: who.open_requests() == 1, within=2)
    gateway.eventually(lambda: who.open_requests() == 0, within=1.5)
    (booked,) = who.events()
    assert (booked["status"], booked["cost"], booked["usage_source"]) == ("client_gone", 0, "none")


def test_have_had_a_complete_answer_once_it_was_finished(gateway: Gateway) -> None:
    hold = Hold()
    with scripted(stream(event(delta("one")), event(END), hold, event(TOLD), DONE)) as upstream:
        who, name = customer(), model((upstream.base_url, "m"))
        gateway.knows(who.secret, name)
        with gateway.streaming(who.secret, name, past=re.compile(rb"stop")):
            pass
        time.sleep(0.3)
        hold.event.set()
        gateway.eventually(lambda: who.open_requests() == 0, within=3)
    (booked,) = who.events()
    assert (booked["status"], booked["usage_source"], booked["output_tokens"]) == ("ok", "upstream", 3)


def test_still_pay_for_a_whole_answer(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "late-1000ms"))
    gateway.knows(who.secret, name)
    with gateway.asking(who.secret, name):
        gateway.eventually(lambda: who.open_requests() == 1, within=2)
    gateway.eventually(lambda: who.open_requests() == 0, within=5)
    (booked,) = who.events()
    assert (booked["usage_source"], booked["cost"] > 0) == ("upstream", True)


def test_never_listen_and_are_let_go(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(credit_usd="10000"), model((sandbox, "long-200000"), max_output_tokens=131_072)
    gateway.knows(who.secret, name)
    asked = gateway.asking(who.secret, name, stream=True, max_tokens=131_072, receive_buffer=4096)
    with asked:
        gateway.eventually(lambda: who.open_requests() == 1, within=5)
        gateway.eventually(lambda: who.open_requests() == 0, within=45)
    (booked,) = who.events()
    assert booked["status"] == "client_gone"
