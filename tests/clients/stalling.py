"""A way to the gateway on which the second half of every body is lost: what a caller on a dying network has."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

PATIENCE_S = 60
GREATEST_HEAD = 2**16
READ_BYTES = 2**16


class _Handler(socketserver.BaseRequestHandler):
    place: tuple[str, int]

    def handle(self) -> None:
        """Pass on the head and half of the body, and bring back whatever the gateway answers."""
        caller: socket.socket = self.request
        caller.settimeout(PATIENCE_S)
        head, body = _head(caller)
        with socket.create_connection(self.place, timeout=PATIENCE_S) as gateway:
            gateway.sendall(head + body[: _length(head) // 2])
            while said := gateway.recv(READ_BYTES):
                caller.sendall(said)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False


def _head(caller: socket.socket) -> tuple[bytes, bytes]:
    """Return the head of a request, and its body."""
    heard = b""
    while b"\r\n\r\n" not in heard and len(heard) < GREATEST_HEAD:
        heard += caller.recv(READ_BYTES)
    head, _, body = heard.partition(b"\r\n\r\n")
    while len(body) < _length(head):
        body += caller.recv(READ_BYTES)
    return head + b"\r\n\r\n", body


def _length(head: bytes) -> int:
    lines = head.lower().split(b"\r\n")
    return next(int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:"))


@contextmanager
def stalling_way(base_url: str) -> Iterator[str]:
    """Open the way to a gateway for as long as the block lasts; its base URL ends like the gateway's."""
    place = urlsplit(base_url)
    handler = type("Handler", (_Handler,), {"place": (str(place.hostname), int(place.port or 0))})
    with _Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}{place.path}"
        server.shutdown()
        thread.join()
