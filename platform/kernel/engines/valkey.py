"""How the embedded Valkey is started, found ready, and cleared of what a crash left behind."""

import socket
import time
from pathlib import Path

from kernel.engines.binaries import binaries
from kernel.engines.homes import EnginesError, home, sockets

__all__ = ["argv", "clear_leftovers", "is_ready"]

SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "maxmemory-policy": "noeviction",
    "save": "",
    "daemonize": "no",
}
ANSWER_SECONDS = 1.0
ORPHAN_SECONDS = 10.0


def path(purpose: str) -> Path:
    return sockets(purpose) / "valkey.sock"


def argv(purpose: str) -> list[str]:
    """The command line of the server."""
    options = [part for name, value in SETTINGS.items() for part in (f"--{name}", value)]
    return [
        str(binaries().valkey),
        "--dir",
        str(home(purpose) / "valkey"),
        "--unixsocket",
        str(path(purpose)),
        *options,
    ]


def is_ready(purpose: str) -> bool:
    """Whether a server answers PING on the socket; one that still loads its data does not count."""
    return _ask(purpose, b"PING\r\n").startswith(b"+PONG")


def clear_leftovers(purpose: str) -> None:
    """Before a start, under the lock: a server that still answers has lost its keeper; two would share one journal."""
    deadline = time.monotonic() + ORPHAN_SECONDS
    while _ask(purpose, b"SHUTDOWN\r\n"):
        if time.monotonic() > deadline:
            raise EnginesError(
                f"A Valkey left over from an earlier run holds {path(purpose)} and does not end; stop it."
            )
        time.sleep(0.05)


def _ask(purpose: str, command: bytes) -> bytes:
    """The first bytes of the answer, or nothing when nobody answers."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(ANSWER_SECONDS)
        try:
            connection.connect(str(path(purpose)))
            connection.sendall(command)
            return connection.recv(64)
        except OSError:
            return b""
