"""A caller that sees every byte: HTTP over a bare socket, with how the connection ended."""

import json
import socket
import time
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

READ_BYTES = 65_536
GREATEST_ANSWER = 64 * 2**20

Ending = Literal["closed", "reset", "silent"]


@dataclass(frozen=True)
class Heard:
    """What came over the socket until it was closed, reset, or silent for too long."""

    raw: bytes
    ending: Ending

    @property
    def status(self) -> int:
        """The status code, 0 when not even a status line came."""
        return int(self.raw.split(b" ", 2)[1]) if self.raw else 0

    @property
    def headers(self) -> dict[str, str]:
        """The headers, their names in lower case."""
        lines = self.raw.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}

    @property
    def chunks(self) -> tuple[list[bytes], bool]:
        """The whole chunks of a chunked body, and whether the last chunk, which ends it, came."""
        rest = self.raw.partition(b"\r\n\r\n")[2]
        found: list[bytes] = []
        while b"\r\n" in rest:
            size_line, _, rest = rest.partition(b"\r\n")
            size = int(size_line, 16)
            if size == 0:
                return found, True
            if len(rest) < size + 2:
                break
            found.append(rest[:size])
            rest = rest[size + 2 :]
        return found, False

    @property
    def body(self) -> bytes:
        """The body as far as it came, chunks joined."""
        if self.headers.get("transfer-encoding") == "chunked":
            return b"".join(self.chunks[0])
        return self.raw.partition(b"\r\n\r\n")[2]

    @property
    def whole(self) -> bool:
        """The body came to the end that HTTP announced."""
        if self.headers.get("transfer-encoding") == "chunked":
            return self.chunks[1]
        return len(self.body) == int(self.headers["content-length"])

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def data(self) -> list[str]:
        """The data of each event of a stream whose lines end in LF and are one to an event."""
        events = self.body.decode().split("\n\n")
        return [event.removeprefix("data: ") for event in events if event.startswith("data: ")]

    @property
    def events(self) -> list[Any]:
        """The JSON of each event of such a stream, without the end markers."""
        return [json.loads(data) for data in self.data if data != "[DONE]"]

    @property
    def pieces(self) -> list[str]:
        """The pieces of content that the events of a stream deliver for the first choice."""
        choices = [event["choices"][0] for event in self.events if event.get("choices")]
        found = [choice["delta"].get("content") for choice in choices if choice["index"] == 0]
        return [piece for piece in found if piece]


def call(
    base_url: str,
    path: str,
    body: object,
    *,
    headers: dict[str, str] | None = None,
    patience_s: float = 10,
    until: bytes | None = None,
) -> Heard:
    """POST a body (JSON unless bytes) to `base_url + path` and listen.

    Listens until the server closes, which it is asked to do, until `until` was heard and we hang up,
    or until `patience_s` seconds have passed.
    """
    return _exchange("POST", base_url + path, body, headers or {}, patience_s, until)


def get(url: str, *, headers: dict[str, str] | None = None) -> Heard:
    """GET a URL and listen until the server closes."""
    return _exchange("GET", url, b"", headers or {}, 10, None)


def chat(base_url: str, model: str, **fields: Any) -> Heard:
    """Call /chat/completions with one user message unless `messages` says otherwise."""
    until, patience_s = fields.pop("until", None), fields.pop("patience_s", 10)
    body = {"model": model, "messages": [{"role": "user", "content": "What is a limit?"}]} | fields
    return call(base_url, "/chat/completions", body, until=until, patience_s=patience_s)


def _exchange(
    method: str, url: str, body: object, headers: dict[str, str], patience_s: float, until: bytes | None
) -> Heard:
    place = urlsplit(url)
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"Host": place.netloc, "Connection": "close", "Content-Length": str(len(payload))} | headers
    head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    with socket.create_connection((place.hostname, place.port), timeout=patience_s) as wire:
        wire.sendall(f"{method} {place.path} HTTP/1.1\r\n{head}\r\n".encode() + payload)
        return _listen(wire, patience_s, until)


def _listen(wire: socket.socket, patience_s: float, until: bytes | None) -> Heard:
    raw = bytearray()
    deadline = time.monotonic() + patience_s
    while len(raw) < GREATEST_ANSWER:
        wire.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            part = wire.recv(READ_BYTES)
        except TimeoutError:
            return Heard(bytes(raw), "silent")
        except ConnectionResetError:
            return Heard(bytes(raw), "reset")
        if not part:
            return Heard(bytes(raw), "closed")
        raw += part
        if until is not None and until in raw:
            return Heard(bytes(raw), "closed")
    return Heard(bytes(raw), "silent")
