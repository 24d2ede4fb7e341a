"""S41: what two parsers could read as one request or as two is answered once at most, and never with the second one's answer."""

import socket
import time

import pytest
from pytest_django import DjangoDbBlocker

from tests.fakes.cast import customer
from tests.fakes.gateway import Gateway
from tests.security import corpora

pytestmark = pytest.mark.usefixtures("committed")

SOON_SECONDS = 20
INNER = "GET /v1/key HTTP/1.1\r\nHost: x\r\nX-API-Key: {secret}\r\nConnection: close\r\n\r\n"
CASES = [(str(name), str(raw)) for name, raw in corpora.written("smuggling")]


def heard(gateway: Gateway, raw: bytes) -> bytes:
    """Return all that is answered until the gateway hangs up, or says nothing for a while."""
    with socket.create_connection(gateway.address, timeout=SOON_SECONDS) as wire:
        wire.sendall(raw)
        said, until = b"", time.monotonic() + SOON_SECONDS
        while time.monotonic() < until:
            try:
                part = wire.recv(65536)
            except (TimeoutError, ConnectionResetError):
                break
            if not part:
                break
            said += part
        return said


@pytest.fixture(scope="module")
def secret(gateway: Gateway, django_db_blocker: DjangoDbBlocker) -> str:
    """The key of a customer, by which the second request would be answered."""
    with django_db_blocker.unblock():
        who = customer()
    gateway.knows(who.secret)
    return who.secret


def test_the_inner_request_alone_would_be_answered(gateway: Gateway, secret: str) -> None:
    assert b"200 OK" in heard(gateway, INNER.format(secret=secret).encode())


@pytest.mark.parametrize(("name", "raw"), CASES, ids=[name for name, _ in CASES])
def test_requests_of_two_readings_are_refused(gateway: Gateway, secret: str, name: str, raw: str) -> None:
    said = heard(gateway, raw.replace("{inner}", INNER.format(secret=secret)).encode("latin-1"))
    assert said.startswith(b"HTTP/1.1 400 "), said[:300]
    assert said.count(b"HTTP/1.1 ") == 1
    assert b"connection: close" in said.lower()


def test_a_name_with_underscores_is_no_name_with_dashes(gateway: Gateway, secret: str) -> None:
    raw = f"GET /v1/key HTTP/1.1\r\nHost: x\r\nX_API_Key: {secret}\r\nConnection: close\r\n\r\n"
    assert heard(gateway, raw.encode()).startswith(b"HTTP/1.1 401 ")


def test_a_request_without_a_version_is_the_last_of_its_connection(gateway: Gateway, secret: str) -> None:
    said = heard(gateway, b"POST /v1/none\r\nHost: x\r\n\r\n" + INNER.format(secret=secret).encode())
    assert (said[:13], said.count(b"HTTP/1.1 ")) == (b"HTTP/1.1 404 ", 1)
