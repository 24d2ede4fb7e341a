"""A developer at the desk of /v1: asks with a key, and reads figures as they are written, without a float between."""

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.fakes import exchange
from tests.fakes.gateway import Gateway


@dataclass(frozen=True)
class Said(exchange.Told):
    """An answer of the desk."""

    @property
    def json(self) -> Any:
        """The body as JSON, numbers with a point as exact decimals."""
        return json.loads(self.body, parse_float=Decimal)

    @property
    def data(self) -> Any:
        """What is under `data`. Raises AssertionError for another status than 200."""
        assert self.status == 200, (self.status, self.body)
        return self.json["data"]

    @property
    def text(self) -> str:
        """The body as it is written."""
        return self.body.decode()


def ask(gateway: Gateway, who: str | dict[str, str] | None, path: str, body: object = None) -> Said:
    """GET a path under /v1, or POST a JSON body to it, with a key, with other headers, or as nobody."""
    headers = {"X-API-Key": who} if isinstance(who, str) else who
    told = exchange.ask("GET" if body is None else "POST", gateway.base_url + path, body, headers=headers)
    return Said(told.status, told.headers, told.body)
