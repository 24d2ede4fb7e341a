"""Ports that nobody is given by chance: below those that the system deals out, and a stretch for each worker of the tests."""

import contextlib
import itertools
import os
import random
import socket

__all__ = ["free_port"]

_LOWEST, _STRETCH, _STRETCHES = 20_000, 1_000, 12
_first = _LOWEST + _STRETCH * (int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % _STRETCHES)
_offered = itertools.count(random.randrange(_STRETCH))


def free_port() -> int:
    """Return a port of this machine that is free, and stays so for the seconds until a server has started on it.

    One that the system had offered could go to any connection that is opened meanwhile, or to another worker's server,
    which would then answer in the place of ours. Raises RuntimeError where none is left.
    """
    for number in itertools.islice(_offered, _STRETCH):
        port = _first + number % _STRETCH
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise RuntimeError(f"no port from {_first} on is free")
