"""Connections that go only where they may: each address is looked at when it is resolved and when it is connected to.

The address that was looked at is the one that is connected to: a name is not looked up a second time in between.
"""

import asyncio
import socket
from collections.abc import Callable

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from . import addresses

__all__ = ["AddressRefused", "connector", "refused"]

CONNECTIONS = 1000
NAMES_SECONDS = 60


class AddressRefused(OSError):
    """A name stands for, or a URL names, an address that must not be called. The text does not tell which."""

    def __init__(self) -> None:
        super().__init__("the address must not be called")


class _Looking(AbstractResolver):
    """Resolves names, and refuses one that stands for any address that must not be called."""

    def __init__(self, behind: AbstractResolver, *, private: bool) -> None:
        self._behind = behind
        self._private = private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._behind.resolve(host, port, family)
        for each in found:
            _check(each["host"], private=self._private)
        return found

    async def close(self) -> None:
        await self._behind.close()


def connector(
    *,
    private: bool,
    resolver: AbstractResolver | None = None,
    connections: int = CONNECTIONS,
    protocol: Callable[[], asyncio.BaseProtocol] | None = None,
) -> aiohttp.TCPConnector:
    """Return a pool of connections to addresses that may be called; `private` allows the operator's own networks.

    `protocol` makes what reads a connection, instead of aiohttp's own; to the pool it must look like that. A refusal comes out of aiohttp as a ClientConnectorError that `refused` recognises.
    """

    def make(info: "aiohttp.connector.AddrInfoType") -> socket.socket:
        # The last door, through which also addresses come that were written as such and never resolved.
        family, kind, protocol, _, place = info
        _check(str(place[0]), private=private)
        return socket.socket(family=family, type=kind, proto=protocol)

    pool = aiohttp.TCPConnector(
        limit=connections,
        ttl_dns_cache=NAMES_SECONDS,
        resolver=_Looking(resolver or aiohttp.ThreadedResolver(), private=private),
        socket_factory=make,
    )
    if protocol is not None:
        pool._factory = protocol  # type: ignore[assignment]  # there is no other way to say it
    return pool


def refused(error: aiohttp.ClientConnectorError) -> bool:
    """Tell whether a connection was not made because its address must not be called."""
    return isinstance(error.os_error, AddressRefused)


def _check(address: str, *, private: bool) -> None:
    try:
        addresses.check_address(address, private=private)
    except ValueError:
        raise AddressRefused from None
