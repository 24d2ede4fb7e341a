"""A provider whose every byte a test decides, and which writes down what it was sent and what it sent.

Use the sandbox where a model of its table will do; this is for exact bytes, exact moments, and for looking
at what the gateway sends upstream.
"""

import json
import secrets
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal

WAIT_S = 30
POLL_S = 0.01
READ_BYTES = 65_536
GREATEST_REQUEST = 64 * 2**20
DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True)
class Pause:
    """Wait so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Hold:
    """Wait until the test sets the event, at most 30 seconds."""

    event: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Hang:
    """Send nothing more until the caller leaves."""


@dataclass(frozen=True)
class Reset:
    """Reset the connection."""


@dataclass(frozen=True)
class Close:
    """Close the connection."""


Step = bytes | Pause | Hold | Hang | Reset | Close
Answer = tuple[Step, ...]


@dataclass
class Seen:
    """One request as it arrived, header names in lower case, and what became of it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    sent: bytes = b""
    ended: Literal["open", "sent", "caller_left"] = "open"

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def answer(body: object, *, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    """A whole answer; a body that is not bytes is sent as JSON."""
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = {"Content-Type": "application/json", "Content-Length": str(len(payload))} | (headers or {})
    return (_head(status, fields) + payload,)


def stream(*steps: Step, headers: dict[str, str] | None = None, ended: bool = True) -> Answer:
    """A chunked event stream: each bytes is one chunk, sent in one write; `ended` sends the last chunk."""
    fields = {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"} | (headers or {})
    chunks = (b"%x\r\n%b\r\n" % (len(step), step) if isinstance(step, bytes) else step for step in steps)
    return (_head(200, fields), *chunks, *((b"0\r\n\r\n",) if ended else (Close(),)))


def event(data: object) -> bytes:
    """An event of a stream with this JSON."""
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def _head(status: int, fields: dict[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Scripted\r\n{lines}\r\n".encode("latin-1")


class Scripted:
    """A running provider: answers the first request with the first answer, and so on."""

    def __init__(self, answers: tuple[Answer, ...]) -> None:
        self.seen: list[Seen] = []
        self.unexpected = 0
        self._answers = list(answers)
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._wires: dict[socket.socket, threading.Thread] = {}
        self._door = socket.create_server(("127.0.0.1", 0), backlog=128)
        # Ports are given again: whoever still looks for a provider that was here before does not know this one's name.
        self._name = f"/{secrets.token_hex(4)}"
        self.base_url = f"http://127.0.0.1:{self._door.getsockname()[1]}{self._name}/v1"
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def add(self, *answers: Answer) -> None:
        """Append answers for requests still to come."""
        with self._lock:
            self._answers += answers

    def close(self) -> None:
        """Stop listening and close what is open; `seen` is final then."""
        self._closing.set()
        # Shutdown wakes the thread that waits in accept; close alone would leave it there.
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._accepting.join(WAIT_S)
        self._door.close()
        with self._lock:
            open_wires = list(self._wires.items())
        for wire, serving in open_wires:
            with suppress(OSError):
                wire.shutdown(socket.SHUT_RD)
            serving.join(WAIT_S)

    def _accept(self) -> None:
        while True:
            try:
                wire, _ = self._door.accept()
            except OSError:
                return
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            serving = threading.Thread(target=self._serve, args=(wire,), daemon=True)
            with self._lock:
                self._wires[wire] = serving
            serving.start()

    def _serve(self, wire: socket.socket) -> None:
        with wire, suppress(OSError):
            wire.settimeout(WAIT_S)
            buffer = bytearray()
            while (request := _request(wire, buffer)) is not None:
                if not request.path.startswith(self._name):
                    wire.sendall(_head(404, {"Content-Length": "0"}))
                    continue
                request.path = request.path.removeprefix(self._name)
                with self._lock:
                    self.seen.append(request)
                    steps = self._answers.pop(0) if self._answers else None
                    self.unexpected += steps is None
                refusal = answer({"error": {"message": "nothing is scripted for this call"}}, status=500)
                if not _play(wire, request, steps or refusal, self._closing):
                    break
        with self._lock:
            self._wires.pop(wire, None)


def _request(wire: socket.socket, buffer: bytearray) -> Seen | None:
    """The next request on a connection; None when the caller closed it."""
    while b"\r\n\r\n" not in buffer:
        if not _more(wire, buffer):
            return None
    head, _, _ = bytes(buffer).partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    end = len(head) + 4 + int(headers.get("content-length", 0))
    while len(buffer) < end:
        if not _more(wire, buffer):
            return None
    body = bytes(buffer[len(head) + 4 : end])
    del buffer[:end]
    return Seen(method, path, headers, body)


def _more(wire: socket.socket, buffer: bytearray) -> bool:
    part = wire.recv(READ_BYTES)
    buffer += part
    return bool(part) and len(buffer) <= GREATEST_REQUEST


def _play(wire: socket.socket, request: Seen, steps: Answer, closing: threading.Event) -> bool:
    """Send an answer step by step until `closing`; whether the connection may be used again."""
    for step in steps:
        match step:
            case Pause(seconds):
                if closing.wait(seconds):
                    return False
            case Hold(held):
                deadline = time.monotonic() + WAIT_S
                while not held.wait(POLL_S) and time.monotonic() < deadline:
                    if closing.is_set():
                        return False
            case Hang():
                while not closing.is_set() and _heard(wire):
                    pass
                request.ended = "caller_left"
                return False
            case Reset():
                request.ended = "sent"
                wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            case Close():
                request.ended = "sent"
                return False
            case bytes():
                try:
                    wire.sendall(step)
                except OSError:
                    request.ended = "caller_left"
                    return False
                request.sent += step
    request.ended = "sent"
    return True


def _heard(wire: socket.socket) -> bool:
    try:
        return bool(wire.recv(READ_BYTES))
    except OSError:
        return False


@contextmanager
def scripted(*answers: Answer) -> Iterator[Scripted]:
    """Run a provider with these answers; fails the test at the end if it was called more often than that."""
    upstream = Scripted(answers)
    try:
        yield upstream
    finally:
        upstream.close()
    heard = [(each.method, each.path, each.body[:200]) for each in upstream.seen]
    assert upstream.unexpected == 0, f"{upstream.unexpected} calls more than were scripted, of {heard}"
