"""One exchange over HTTP with any method, the whole answer at once: how the routes of accounts are asked."""

import http.client
import json
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Told:
    """An answer; the names of its headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The error code, empty for none."""
        return self.headers.get("x-error-code", "")

    @property
    def refusal(self) -> tuple[int, str]:
        """Status and error code."""
        return self.status, self.code


def ask(method: str, url: str, body: object = None, *, headers: dict[str, str] | None = None) -> Told:
    """Send one request; a body that is not bytes goes as JSON."""
    place = urlsplit(url)
    payload = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    path = place.path + (f"?{place.query}" if place.query else "")
    with closing(http.client.HTTPConnection(str(place.hostname), place.port, timeout=20)) as wire:
        wire.request(method, path, payload, headers or {})
        answer = wire.getresponse()
        names = {name.lower(): value for name, value in answer.getheaders()}
        return Told(answer.status, names, answer.read())
