"""Connections to guarded addresses: names are looked at as they resolve, addresses as they are connected to."""

import asyncio
import socket

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from kernel import guarded
from tests.fakes.scripted import Scripted, answer, scripted

PUBLIC = "8.8.8.8"


class Stub(AbstractResolver):
    """Answers each question for a name with the next of these lists of addresses, the last one for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        self.asked += 1
        said = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=each,
                port=port,
                family=socket.AF_INET6 if ":" in each else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for each in said
        ]

    async def close(self) -> None:
        pass


def outcome(url: str, resolver: AbstractResolver | None = None, *, private: bool = False) -> str:
    """Return what becomes of a call: "refused", "connect_error", or the status."""

    async def walk() -> str:
        pool = guarded.connector(private=private, resolver=resolver)
        timeout = aiohttp.ClientTimeout(total=5, sock_connect=0.2)
        async with aiohttp.ClientSession(connector=pool, timeout=timeout) as session:
            try:
                async with session.get(url, allow_redirects=False) as response:
                    return str(response.status)
            except aiohttp.ClientConnectorError as error:
                return "refused" if guarded.refused(error) else "connect_error"
            except (aiohttp.ConnectionTimeoutError, TimeoutError):
                return "connect_error"

    return asyncio.run(walk())


def place(upstream: Scripted) -> str:
    """Return its port and path."""
    return upstream.base_url.rpartition(":")[2]


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["::1"],
        ["fd00:ec2::254"],
        ["::ffff:127.0.0.1"],
        [PUBLIC, "127.0.0.1"],
        ["127.0.0.1", PUBLIC],
    ],
)
def test_refuse_a_name_that_stands_for_any_inner_address(addresses: list[str]) -> None:
    assert outcome("http://api.example.com/", Stub(addresses)) == "refused"


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]"])
def test_refuse_an_inner_address_that_is_written_as_one(host: str) -> None:
    with scripted() as upstream:
        assert outcome(f"http://{host}:{place(upstream)}") == "refused"
        assert not upstream.seen


def test_refuse_a_name_of_this_machine() -> None:
    with scripted() as upstream:
        assert outcome(f"http://localhost:{place(upstream)}") == "refused"


def test_allow_own_networks_to_a_private_upstream_and_never_metadata() -> None:
    with scripted(answer({}), answer({})) as upstream:
        assert outcome(f"http://127.0.0.1:{place(upstream)}", private=True) == "200"
        named = outcome(f"http://box.lan:{place(upstream)}", Stub(["127.0.0.1"]), private=True)
        assert named == "200"
    assert outcome("http://169.254.169.254/", private=True) == "refused"
    assert outcome("http://box.lan/", Stub(["169.254.169.254"]), private=True) == "refused"
    assert outcome("http://box.lan/", Stub(["fd00:ec2::254"]), private=True) == "refused"


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that were connected to; none is really called, each refuses."""
    called: list[str] = []

    async def sock_connect(loop: object, sock: socket.socket, place: tuple[str, int]) -> None:
        called.append(place[0])
        raise ConnectionRefusedError(111, "refused")

    monkeypatch.setattr(asyncio.selector_events.BaseSelectorEventLoop, "sock_connect", sock_connect)
    return called


def test_connect_to_the_very_address_that_was_looked_at(connected: list[str]) -> None:
    # The second answer, which a second look-up would get, is this machine: whoever asks twice is led inside.
    resolver = Stub([PUBLIC], ["127.0.0.1"])
    assert outcome("http://rebinds.example.com/", resolver) == "connect_error"
    assert (resolver.asked, set(connected)) == (1, {PUBLIC})


def test_refuse_a_name_that_is_led_inside_later(connected: list[str]) -> None:
    resolver = Stub([PUBLIC], ["127.0.0.1"])
    assert outcome("http://rebinds.example.com/", resolver) == "connect_error"
    assert outcome("http://rebinds.example.com/", resolver) == "refused"
    assert set(connected) == {PUBLIC}


def test_do_not_tell_the_address_in_their_refusal() -> None:
    assert "127" not in str(guarded.AddressRefused())
