"""What the three witnesses say of each request: the client's log, the upstream's log, and the rows of the database."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["EVENTS", "Call", "Case", "Client", "Event", "cases", "read_calls", "read_clients", "read_events"]

EVENTS = """
SELECT request_id::text, rev, status, usage_source, cost,
  input_tokens + cached_tokens + cache_write_tokens + cache_write_1h_tokens + image_in_tokens + audio_in_tokens,
  output_tokens + reasoning_tokens + image_out_tokens + audio_out_tokens,
  extract(epoch FROM recorded_at)::float8
FROM billing_usage_event ORDER BY request_id, rev"""


@dataclass(frozen=True, slots=True)
class Client:
    """What a client wrote down. `cost` in nano-USD where it was told, times in Unix seconds."""

    marker: str
    model: str
    stream: bool
    prompt: str
    began: float
    ended_at: float
    request_id: str
    status: int
    ended: str
    told: tuple[int, int] | None  # prompt and completion tokens
    cost: int | None
    text: str = ""
    moments: tuple[tuple[float, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """One call that reached the upstream: what it delivered, and how that ended."""

    request_id: str
    marker: str
    model: str
    status: int
    prompt_tokens: int
    tokens: int
    ended: str


@dataclass(frozen=True, slots=True)
class Event:
    """One usage event: its revision, what it charges, and when it was written. `cost` in nano-USD, `at` Unix time."""

    request_id: str
    rev: int
    status: str
    source: str
    cost: int
    prompt_tokens: int
    tokens: int
    at: float


@dataclass(slots=True)
class Case:
    """One request as each witness saw it."""

    request_id: str
    client: Client | None = None
    calls: list[Call] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    @property
    def delivered(self) -> list[Call]:
        """The calls upstream that delivered output."""
        return [call for call in self.calls if call.status == 200 and call.tokens]

    @property
    def tokens(self) -> tuple[int, int]:
        """Prompt and completion tokens that are charged, all revisions together."""
        return sum(event.prompt_tokens for event in self.events), sum(event.tokens for event in self.events)

    @property
    def cost(self) -> int:
        """Nano-USD that are charged, all revisions together."""
        return sum(event.cost for event in self.events)

    def said(self) -> str:
        """Tell what each witness says, in one line."""
        client = self.client
        heard = "nothing" if client is None else f"{client.ended} {client.status} told {client.told}"
        heard += f", {len(client.text)} characters" if client is not None and client.text else ""
        sent = "; ".join(
            f"{call.model} {call.status} {call.ended} {call.prompt_tokens}+{call.tokens}"
            for call in self.calls
        )
        rows = "; ".join(
            f"rev {event.rev} {event.status} {event.source} {event.prompt_tokens}+{event.tokens} for {event.cost}"
            for event in self.events
        )
        return f"client: {heard} | upstream: {sent or 'nothing'} | database: {rows or 'nothing'}"


def cases(clients: Iterable[Client], calls: Iterable[Call], events: Iterable[Event]) -> list[Case]:
    """Put together what belongs to one request, by its id; what a client never got an id for, by its marker.

    A request whose client heard no id is found by the marker in the call upstream.
    """
    found: dict[str, Case] = {}
    by_marker: dict[str, str] = {}
    for call in calls:
        found.setdefault(call.request_id, Case(call.request_id)).calls.append(call)
        by_marker.setdefault(call.marker, call.request_id)
    for event in events:
        found.setdefault(event.request_id, Case(event.request_id)).events.append(event)
    for client in clients:
        request_id = client.request_id or by_marker.get(client.marker) or f"none for {client.marker}"
        found.setdefault(request_id, Case(request_id)).client = client
    return list(found.values())


def read_clients(log: Path) -> list[Client]:
    """Read the clients' log."""
    return [_client(line) for line in _lines(log)]


def read_calls(log: Path) -> list[Call]:
    """Read the upstream's log: the calls for completions that named a request."""
    return [
        Call(
            request_id=line["request_id"],
            marker=line["asked"].split(" ", 1)[0],
            model=line["model"],
            status=line["status"],
            prompt_tokens=line["prompt_tokens"],
            tokens=line["completion_tokens"],
            ended=line["ended"],
        )
        for line in _lines(log)
        if line["request_id"] and line["path"].endswith("/completions")
    ]


def read_events(rows: Iterable[tuple[Any, ...]]) -> list[Event]:
    """Read the rows of EVENTS."""
    return [Event(*row) for row in rows]


def _lines(log: Path) -> Iterator[dict[str, Any]]:
    with log.open() as lines:
        yield from map(json.loads, lines)


def _client(line: dict[str, Any]) -> Client:
    usage = line["usage"]
    return Client(
        marker=line["marker"],
        model=line["model"],
        stream=line["stream"],
        prompt=line["prompt"],
        began=line["began"],
        ended_at=line["ended_at"],
        request_id=line["request_id"],
        status=line["status"],
        ended=line["ended"],
        told=(usage["prompt_tokens"], usage["completion_tokens"]) if usage else None,
        cost=round(usage["cost"] * 10**9) if usage and "cost" in usage else None,
        text=line["text"],
        moments=tuple((at, length) for at, length in line["moments"]),
    )
