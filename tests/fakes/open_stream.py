"""A stream that stays open while the test does something else, and is then heard to its end."""

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.fakes.gateway import Gateway

PATIENCE_S = 20


@dataclass
class OpenStream:
    """One stream; `heard` is what came so far."""

    wire: http.client.HTTPConnection
    response: http.client.HTTPResponse | None = None
    heard: bytes = b""

    @property
    def request_id(self) -> str:
        """The request's id, once the stream began."""
        assert self.response is not None
        return str(self.response.headers["X-Request-Id"])

    def begin(self) -> None:
        """Listen until the first content. Raises AssertionError for anything but a stream."""
        self.response = self.wire.getresponse()
        while b'"content":"' not in self.heard.replace(b": ", b":").replace(b'"content":""', b""):
            line = self.response.readline()
            assert line, (self.response.status, self.heard)
            self.heard += line

    def end(self) -> float:
        """Listen to the end and return the moment it came, of the monotonic clock. Raises TimeoutError if none comes."""
        self.response = self.response or self.wire.getresponse()
        self.heard += self.response.read()
        return time.monotonic()

    def goes_on(self) -> bool:
        """Tell whether content still comes."""
        assert self.response is not None
        lines = [self.response.readline() for _ in range(4)]
        self.heard += b"".join(lines)
        return all(lines) and b"[DONE]" not in b"".join(lines)


@contextmanager
def open_stream(
    gateway: Gateway, headers: dict[str, str], model: str, *, begun: bool = True
) -> Iterator[OpenStream]:
    """Ask for a stream, and wait for its first content if `begun`; it is hung up at the end of the block."""
    body = {"model": model, "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
    place = urlsplit(gateway.base_url)
    with closing(http.client.HTTPConnection(str(place.hostname), place.port, timeout=PATIENCE_S)) as wire:
        wire.request("POST", f"{place.path}/chat/completions", json.dumps(body), headers)
        stream = OpenStream(wire)
        if begun:
            stream.begin()
        try:
            yield stream
        finally:
            if stream.response is not None:
                stream.response.close()
