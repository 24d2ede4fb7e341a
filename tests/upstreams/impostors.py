"""Answers that are none, refuse us, or would lead us elsewhere: U16 to U22, and U28."""

import gzip
import json
import zlib

from tests.fakes.scripted import Answer, answer, event, stream

from .case import Case, either, same
from .speech import BEGUN, CANARY, delta, error, lf, told, whole
from .upstream import Call

__all__ = ["CASES", "TRAP"]

# The name of a place where nobody may ever come: redirects lead there.
TRAP = "trap"

HTML = f"<!doctype html><title>{CANARY}</title>".encode()
BODY = json.dumps(whole()).encode()
BOMB_BYTES = 64 * 2**20


def _passed_by(number: str, name: str, steps: Answer, *, stream_too: Answer | None = None) -> Case:
    play = same(steps) if stream_too is None else either(steps, stream_too)
    return Case(number, name, play, "passed_by", "passed_by")


def _status(number: str, status: int, body: object = None, **headers: str) -> Case:
    said = error() if body is None else body
    return _passed_by(number, f"status-{status}", answer(said, status=status, headers=headers))


def _named(number: str, name: str, status: int, body: object, **headers: str) -> Case:
    return _passed_by(number, name, answer(body, status=status, headers=headers))


def _compressed(name: str, pack: bytes, stream_pack: bytes) -> Case:
    coding = {"Content-Encoding": name}
    events = {**coding, "Content-Type": "text/event-stream"}
    return _passed_by(
        "U20", name, answer(pack, headers=coding), stream_too=answer(stream_pack, headers=events)
    )


def _bomb() -> bytes:
    pack = zlib.compressobj(9, wbits=31)
    return b"".join([pack.compress(b" " * 2**20) for _ in range(BOMB_BYTES // 2**20)]) + pack.flush()


_BOMB = _bomb()


def _to_trap(call: Call) -> Answer:
    location = f"http://{call.address.partition('/')[0]}/{TRAP}/v1/chat/completions"
    return answer(HTML, status=308, headers={"Location": location})


def _redirect(status: int, name: str, location: str) -> Case:
    return _named("U21", name, status, HTML, Location=location)


def _echo(status: int) -> Case:
    """Quote the caller's own credential and address in an error and in headers."""

    def play(call: Call) -> Answer:
        secret = call.headers.get("authorization", "")
        said = error(f"bad key {secret} at http://{call.address}")
        return answer(said, status=status, headers={"X-Debug": secret, "X-Url": call.address})

    return Case("U28", f"echo-in-{status}", play, "passed_by", "passed_by")


def _echo_mid(call: Call) -> Answer:
    said = error(f"bad key {call.headers.get('authorization')} at http://{call.address}")
    return stream(*BEGUN, event(said)) if call.stream else answer({**whole(), **said})


def _refused(status: int) -> Case:
    return Case("U33", f"status-{status}", same(answer(error(), status=status)), "refused", "refused")


FAILED = error()
TOO_LONG = error(code="context_length_exceeded")
MID = {**delta(finish_reason="error"), **error("long words " * 200)}
EVENTS = {"Content-Type": "text/event-stream"}

CASES = (
    _passed_by("U16", "json-error", answer(error())),
    _passed_by("U16", "error-as-text", answer({"error": f"{CANARY} failed"})),
    _passed_by("U16", "no-choices", answer({"id": CANARY, "choices": []})),
    _passed_by("U16", "null", answer(b"null")),
    _passed_by("U17", "first-event", answer({"choices": [], **error()}), stream_too=stream(event(FAILED))),
    _passed_by(
        "U17",
        "after-comments",
        answer(error(code=502)),
        stream_too=stream(b": PROCESSING\n\n", b": PROCESSING\n\n", event(error(code=502))),
    ),
    _passed_by("U17", "nothing-but-the-marker", answer(b""), stream_too=stream(b"data: [DONE]\n\n")),
    Case(
        "U18",
        "error-event",
        either(answer({**whole(), **error()}), stream(*BEGUN, event(FAILED))),
        "passed_by",
        "cut",
    ),
    Case(
        "U18",
        "error-with-choices",
        either(answer({**whole(), **error()}), stream(*BEGUN, event(MID))),
        "passed_by",
        "cut",
    ),
    Case(
        "U18",
        "named-event",
        either(answer({**whole(), **error()}), stream(*BEGUN, b"event: error\n" + event(FAILED), *told())),
        "passed_by",
        "cut",
    ),
    _named("U19", "html", 200, HTML, **{"Content-Type": "text/html"}),
    _named("U19", "plain-text", 200, BODY, **{"Content-Type": "text/plain"}),
    _named("U19", "no-type", 200, BODY, **{"Content-Type": ""}),
    _passed_by("U19", "no-content", (b"HTTP/1.1 204 No Content\r\n\r\n",)),
    _passed_by("U19", "empty", answer(b""), stream_too=answer(b"", headers=EVENTS)),
    _passed_by("U19", "the-other-kind", answer(lf(), headers=EVENTS), stream_too=answer(whole())),
    _status("U19", 201, whole()),
    _status("U19", 304, b""),
    _status("U19", 300),
    _status("U19", 404),
    _status("U19", 408),
    _status("U19", 500),
    _status("U19", 502, HTML),
    _status("U19", 503, **{"Retry-After": "1"}),
    _status("U19", 529),
    _compressed("gzip", gzip.compress(BODY), gzip.compress(lf())),
    _compressed("deflate", zlib.compress(BODY), zlib.compress(lf())),
    _compressed("br", b"\x0b\x02\x80" + BODY + b"\x03", b"\x0b\x02\x80" + lf() + b"\x03"),
    _compressed("zstd", b"\x28\xb5\x2f\xfd" + BODY, b"\x28\xb5\x2f\xfd" + lf()),
    _passed_by(
        "U20",
        "bomb",
        answer(_BOMB, headers={"Content-Encoding": "gzip"}),
        stream_too=answer(_BOMB, headers={"Content-Encoding": "gzip", **EVENTS}),
    ),
    _passed_by(
        "U20",
        "gzip-unannounced",
        answer(gzip.compress(BODY)),
        stream_too=answer(gzip.compress(lf()), headers=EVENTS),
    ),
    _redirect(301, "to-metadata", "http://169.254.169.254/latest/meta-data/"),
    _redirect(302, "to-a-file", "file:///etc/passwd"),
    _redirect(303, "to-ipv6-loopback", "http://[::1]:80/"),
    _redirect(307, "to-nowhere", "//"),
    Case("U21", "to-loopback", _to_trap, "passed_by", "passed_by"),
    _status("U22", 401),
    _status("U22", 402),
    _status("U22", 403),
    _echo(401),
    _echo(500),
    Case("U28", "echo-in-the-stream", _echo_mid, "passed_by", "cut"),
    _refused(400),
    _refused(413),
    _refused(422),
    Case("U33", "prompt-too-long", same(answer(TOO_LONG, status=400)), "too_long", "too_long"),
)
