"""One exchange over HTTP: any method, any headers, and the whole answer, whether it has a body or not."""

import http.client
import json
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

PATIENCE_S = 20


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
    def refusal(self) -> tuple[int, str]:
        """Status and error code."""
        return self.status, self.headers.get("x-error-code", "")


def ask(method: str, url: str, body: object = None, *, headers: dict[str, str] | None = None) -> Told:
    """Send one request, with a body as JSON or with none."""
    place = urlsplit(url)
    payload = None if body is None else json.dumps(body)
    path = f"{place.path}?{place.query}" if place.query else place.path
    with closing(http.client.HTTPConnection(str(place.hostname), place.port, timeout=PATIENCE_S)) as wire:
        wire.request(method, path, payload, headers or {})
        answer = wire.getresponse()
        return Told(
            answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        )
