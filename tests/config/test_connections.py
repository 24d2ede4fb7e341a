"""Connections of callers."""

import contextlib
import http.client
import socket
import time
from collections.abc import Iterator

import psutil
import pytest
from pytest_django import DjangoDbBlocker

from tests.fakes.cast import customer, model
from tests.fakes.gateway import Gateway, running_gateway
from tests.fakes.scripted import answer, event, scripted, stream
from tests.walks.test_stream import USAGE, delta

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.timeout(120)]

# Of the callers' patience; the gateway's waits are a second or two here.
SOON_SECONDS = 15
HEAD = b"GET /v1/none HTTP/1.1\r\nHost: x\r\n"
ROOM = 60


@pytest.fixture(scope="module")
def hasty(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Gateway]:
    """A gateway that waits for nobody."""
    with (
        django_db_blocker.unblock(),
        running_gateway(
            TOLLWAY_HEADER_SECONDS="1",
            TOLLWAY_BODY_SECONDS="3",
            TOLLWAY_WRITE_SECONDS="2",
            TOLLWAY_MOST_CONNECTIONS=str(ROOM),
        ) as running,
    ):
        yield running


@contextlib.contextmanager
def wire(gateway: Gateway, *pieces: bytes, receive_buffer: int | None = None) -> Iterator[socket.socket]:
    with socket.socket() as opened:
        if receive_buffer is not None:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        opened.settimeout(SOON_SECONDS)
        opened.connect(gateway.address)
        for piece in pieces:
            opened.sendall(piece)
        yield opened


def rest(opened: socket.socket) -> bytes:
    """Return what still comes, until the gateway hangs up."""
    heard = b""
    with contextlib.suppress(ConnectionResetError):
        while part := opened.recv(65536):
            heard += part
    return heard


def status(heard: bytes) -> int:
    return int(heard.split(b" ", 2)[1])


def answered(opened: socket.socket) -> int:
    """Return the status of one answer, whose body is read as well."""
    answer = http.client.HTTPResponse(opened)
    answer.begin()
    answer.read()
    return answer.status


def trickling(opened: socket.socket, piece: bytes) -> float:
    """Send a piece five times a second until hung up on; return the seconds that took."""
    began = time.monotonic()
    opened.settimeout(0.2)
    while time.monotonic() < began + SOON_SECONDS:
        with contextlib.suppress(TimeoutError):
            try:
                opened.sendall(piece)
                if not opened.recv(65536):
                    break
            except ConnectionError:
                break
    return time.monotonic() - began


def test_are_dropped_where_no_head_comes(hasty: Gateway) -> None:
    with contextlib.ExitStack() as silent:
        wires = [silent.enter_context(wire(hasty)) for _ in range(20)]
        assert [rest(each) for each in wires] == [b""] * 20


@pytest.mark.parametrize(
    "begun", [b"", HEAD, HEAD + b"\r\n" + HEAD], ids=["first", "second line", "pipelined"]
)
def test_are_dropped_while_a_head_trickles(hasty: Gateway, begun: bytes) -> None:
    with wire(hasty, begun, b"G" * (begun == b"")) as opened:
        assert trickling(opened, b"a") < SOON_SECONDS


def test_are_told_that_the_head_was_too_slow(hasty: Gateway) -> None:
    with wire(hasty, HEAD) as opened:
        assert status(rest(opened)) == 408


def test_are_dropped_while_a_second_head_trickles(hasty: Gateway) -> None:
    with wire(hasty, HEAD + b"\r\n") as opened:
        assert answered(opened) == 404
        assert trickling(opened, b"\r\n") < SOON_SECONDS


def test_stay_open_between_requests(hasty: Gateway) -> None:
    with wire(hasty) as opened:
        for _ in range(2):
            opened.sendall(HEAD + b"\r\n")
            assert answered(opened) == 404
            time.sleep(2.5)
        opened.sendall(HEAD + b"\r\n")
        assert answered(opened) == 404


@pytest.mark.parametrize(
    "head",
    [
        HEAD + b"X-Long: " + b"a" * 70_000,
        b"GET /" + b"a" * 70_000,
        HEAD + b"X-Long: " + b"a" * 70_000 + b"\r\n\r\n",
        HEAD + b"".join(b"X-%d: 1\r\n" % number for number in range(101)) + b"\r\n",
        HEAD.replace(b"GET", b"POST")
        + b"Transfer-Encoding: chunked\r\n\r\n0\r\n"
        + b"".join(b"X-%d: 1\r\n" % number for number in range(20_000)),
    ],
    ids=["endless header", "endless path", "long header", "many headers", "endless trailers"],
)
def test_are_refused_when_a_head_is_too_great(hasty: Gateway, head: bytes) -> None:
    with wire(hasty, head) as opened:
        assert status(rest(opened)) == 431


def test_take_nothing_for_a_header_that_follows_the_body(hasty: Gateway) -> None:
    who = customer()
    hasty.knows(who.secret)
    head = b"GET /v1/key HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
    with wire(hasty, head + b"\r\n0\r\nX-API-Key: %b\r\n\r\n" % who.secret.encode()) as opened:
        assert status(rest(opened)) == 401
    with wire(hasty, head + b"X-API-Key: %b\r\n\r\n0\r\n\r\n" % who.secret.encode()) as opened:
        assert status(rest(opened)) == 200


def test_answer_what_was_asked_at_once_and_in_order(hasty: Gateway) -> None:
    last = b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with wire(hasty, (HEAD + b"\r\n") * 8 + last) as opened:
        assert rest(opened).count(b"HTTP/1.1 404") == 8


def test_are_closed_where_too_much_is_asked_at_once(hasty: Gateway) -> None:
    with wire(hasty, (HEAD + b"\r\n") * 500) as opened:
        assert rest(opened).count(b"HTTP/1.1 404") < 20


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/user/key", "/accounts/login/"])
def test_are_told_that_the_body_was_too_slow(hasty: Gateway, path: str) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n".encode()
    with wire(hasty, head) as opened:
        assert status(rest(opened)) == 408
    with wire(hasty, head) as opened:
        assert trickling(opened, b"{") < SOON_SECONDS


def test_are_told_what_the_site_takes(hasty: Gateway) -> None:
    head = b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
    with wire(hasty, head % (5 * 2**20), b"a" * (5 * 2**20)) as opened:
        assert status(rest(opened)) == 413
    with wire(hasty, head % 1000, b"a" * 1000) as opened:
        assert answered(opened) == 403


def test_are_told_that_there_is_no_room(hasty: Gateway) -> None:
    with contextlib.ExitStack() as crowd, wire(hasty, HEAD + b"\r\n") as early:
        assert answered(early) == 404
        for _ in range(ROOM):
            crowd.enter_context(wire(hasty, HEAD))
        with wire(hasty, HEAD + b"\r\n") as late:
            assert b"retry-after: 1" in (heard := rest(late))
            assert status(heard) == 503
        early.sendall(HEAD + b"\r\n")
        assert answered(early) == 404
    hasty.eventually(lambda: _finds_room(hasty), within=SOON_SECONDS)


def _finds_room(gateway: Gateway) -> bool:
    with wire(gateway, HEAD + b"\r\n") as opened:
        return answered(opened) == 404


def test_come_again_once_there_are_files_to_open(hasty: Gateway) -> None:
    process = psutil.Process(hasty.process.pid)
    before = process.rlimit(psutil.RLIMIT_NOFILE)
    most = process.num_fds() + 3
    process.rlimit(psutil.RLIMIT_NOFILE, (most, before[1]))
    spent = sum(process.cpu_times()[:2])
    with contextlib.ExitStack() as crowd:
        for _ in range(20):
            crowd.enter_context(wire(hasty))
        time.sleep(2)
        assert sum(process.cpu_times()[:2]) - spent < 1.5
    process.rlimit(psutil.RLIMIT_NOFILE, before)
    hasty.eventually(lambda: _finds_room(hasty), within=SOON_SECONDS)


@pytest.mark.parametrize(
    ("streamed", "booked"), [(False, "ok"), (True, "client_gone")], ids=["whole", "stream"]
)
def test_are_dropped_where_an_answer_is_not_read(hasty: Gateway, streamed: bool, booked: str) -> None:
    message = {"role": "assistant", "content": "a" * 2**20}
    whole = answer({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": USAGE})
    pieces = stream(*[event({**delta("a"), "padding": "a" * 2**14})] * 200)
    with scripted(pieces if streamed else whole) as upstream:
        who, name = customer(), model((upstream.base_url, "m"))
        hasty.knows(who.secret, name)
        with hasty.asking(who.secret, name, stream=streamed, receive_buffer=4096) as opened:
            hasty.eventually(lambda: bool(upstream.seen), within=SOON_SECONDS)
            hasty.eventually(lambda: not _holds(hasty, opened), within=SOON_SECONDS)
        hasty.eventually(lambda: who.open_requests() == 0, within=SOON_SECONDS)
    assert [event["status"] for event in who.events()] == [booked]


def _holds(gateway: Gateway, opened: socket.socket) -> bool:
    here = opened.getsockname()[1]
    wires = psutil.Process(gateway.process.pid).net_connections("tcp")
    return any(wire.raddr and wire.raddr.port == here for wire in wires)
