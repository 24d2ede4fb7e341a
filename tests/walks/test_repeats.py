"""Requests with an Idempotency-Key run once."""

import pytest

from tests.fakes.cast import customer, model
from tests.fakes.gateway import Gateway

pytestmark = pytest.mark.usefixtures("committed")

KEYED = {"Idempotency-Key": "order-7", "Accept": "application/json"}


def test_and_the_second_hears_of_the_first(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "words"))
    gateway.knows(who.secret, name)
    first = gateway.chat(who.secret, name, headers=KEYED)
    assert first.status == 200
    for stream in (False, True):
        again = gateway.chat(who.secret, name, headers=KEYED, **({"stream": True} if stream else {}))
        assert (again.status, again.headers["x-error-code"]) == (409, "CONFLICT")
        assert again.headers["x-should-retry"] == "false"
        assert first.headers["x-request-id"] in again.json["error"]["message"]
        assert ("another body" in again.json["error"]["message"]) == stream
    assert len(who.events()) == 1


def test_also_while_the_first_is_under_way(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "slow"))
    gateway.knows(who.secret, name)
    with gateway.asking(who.secret, name, stream=True, headers={"Idempotency-Key": "a"}):
        gateway.eventually(lambda: who.open_requests() == 1, within=5)
        assert gateway.chat(who.secret, name, headers={"Idempotency-Key": "a"}).status == 409


def test_but_what_failed_or_was_refused_may_be_tried_again(gateway: Gateway, sandbox: str) -> None:
    who, bad, good = customer(), model((sandbox, "error-500")), model((sandbox, "words"))
    gateway.knows(who.secret, bad, good)
    assert gateway.chat(who.secret, bad, headers=KEYED).status == 502
    assert gateway.chat(who.secret, good, headers=KEYED, max_tokens=0).status == 400
    assert gateway.chat(who.secret, good, headers=KEYED).status == 200
    assert gateway.chat(who.secret, good, headers=KEYED).status == 409


def test_with_a_key_that_can_be_kept(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "words"))
    gateway.knows(who.secret, name)
    heard = gateway.chat(who.secret, name, headers={"Idempotency-Key": "x" * 256})
    assert (heard.status, heard.headers["x-error-code"]) == (400, "VALIDATION_ERROR")
    assert "Idempotency-Key" in heard.body.decode()
