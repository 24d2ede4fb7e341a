"""One trial: a case, whole or streamed, at the first of two hops or at the only one, and all that was seen of it."""

import asyncio
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from tests.fakes.caller import GREATEST_ANSWER, READ_BYTES, Ending, Heard

from .case import Case, Outcome
from .upstream import Place

__all__ = ["SLACK_SECONDS", "Complaint", "Exchange", "Kind", "Trial"]

SLACK_SECONDS = 2.0
Kind = Literal["hang", "unmapped", "books", "leak", "calls", "answer"]


@dataclass(frozen=True)
class Complaint:
    """Something that a promise forbids: what kind of promise, and the sentence."""

    kind: Kind
    text: str


@dataclass
class Exchange:
    """One request and all that came of it; `expected` is None where any mapped end is right."""

    heard: Heard
    seconds: float
    stream: bool
    expected: Outcome | None

    @property
    def request_id(self) -> str:
        """Our id of the request, empty where none was told."""
        return self.heard.headers.get("x-request-id", "")

    @property
    def attempts(self) -> list[str]:
        """The outcomes of X-Tollway-Attempts, without the providers."""
        text = self.heard.headers.get("x-tollway-attempts", "")
        return [each.rpartition(":")[2] for each in text.split(",") if each]


@dataclass
class Trial:
    """A case at work. `only` has no second hop; `model` is the public id, `secret` the credential of the places."""

    case: Case
    stream: bool
    only: bool
    faulty: Place
    second: Place
    model: str = field(default_factory=lambda: f"route/{secrets.token_hex(8)}")
    secret: str = field(default_factory=lambda: f"sk-{secrets.token_hex(16)}")
    exchanges: list[Exchange] = field(default_factory=list)
    complaints: list[Complaint] = field(default_factory=list)
    asked: int = 0

    @property
    def id(self) -> str:
        """The name in reports and of the test."""
        return f"{self.case.id}-{'stream' if self.stream else 'plain'}-{'only' if self.only else 'first'}"

    @property
    def deadline(self) -> float:
        """Seconds within which an answer must have ended, by the waits that were configured."""
        return 2 * self.case.wait_seconds + self.case.seconds

    def complain(self, kind: Kind, text: str) -> None:
        """Note a broken promise."""
        self.complaints.append(Complaint(kind, text))

    async def ask(
        self, base_url: str, key: str, *, expected: Outcome | None = None, **fields: Any
    ) -> Exchange:
        """Send one chat that no other resembles, listen to its end, and keep what was heard."""
        self.asked += 1
        body = {
            "model": self.model,
            "messages": [{"role": "user", "content": f"What is a limit? {self.asked}"}],
            "stream": self.stream,
            **({"max_tokens": self.case.max_tokens} if self.case.max_tokens else {}),
            **fields,
        }
        begun = time.monotonic()
        heard = await _listened(base_url, key, body, patience=self.deadline + 3 * SLACK_SECONDS)
        exchange = Exchange(heard, time.monotonic() - begun, self.stream, expected)
        self.exchanges.append(exchange)
        return exchange


async def _listened(base_url: str, key: str, body: object, *, patience: float) -> Heard:
    """POST a chat over a connection of its own and hear it to its end."""
    place = urlsplit(base_url)
    payload = json.dumps(body).encode()
    head = (
        f"POST {place.path}/chat/completions HTTP/1.1\r\nHost: {place.netloc}\r\nConnection: close\r\n"
        f"Accept: application/json\r\nX-API-Key: {key}\r\nContent-Length: {len(payload)}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    raw = bytearray()
    ending: Ending = "silent"
    try:
        async with asyncio.timeout(patience):
            writer.write(head.encode() + payload)
            while len(raw) < GREATEST_ANSWER:
                part = await reader.read(READ_BYTES)
                if not part:
                    ending = "closed"
                    break
                raw += part
    except TimeoutError:
        pass
    except ConnectionError:
        ending = "reset"
    finally:
        writer.transport.abort()
    return Heard(bytes(raw), ending)
