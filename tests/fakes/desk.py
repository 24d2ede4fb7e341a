"""A developer at the desk of /v1: asks over HTTP, hears status, headers and the exact text of the answer."""

import http.client
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.fakes.gateway import Gateway

PATIENCE_S = 20


@dataclass(frozen=True)
class Said:
    """An answer of the desk."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The body as JSON; numbers with a point as they are written, without a float between."""
        return json.loads(self.text, parse_float=Decimal)

    @property
    def data(self) -> Any:
        """What is under `data`. Raises AssertionError for another status than 200."""
        assert self.status == 200, (self.status, self.text)
        return self.json["data"]


def ask(gateway: Gateway, secret: str | None, path: str, body: object = None, **headers: str) -> Said:
    """GET a path under /v1, or POST a body to it (JSON unless text)."""
    sent = {
        "Content-Type": "application/json",
        **({} if secret is None else {"X-API-Key": secret}),
        **headers,
    }
    payload = body if isinstance(body, str) or body is None else json.dumps(body)
    connection = http.client.HTTPConnection(*gateway.address, timeout=PATIENCE_S)
    try:
        connection.request("GET" if body is None else "POST", f"/v1{path}", payload, sent)
        answer = connection.getresponse()
        lower = {name.lower(): value for name, value in answer.getheaders()}
        return Said(answer.status, lower, answer.read().decode())
    finally:
        connection.close()
