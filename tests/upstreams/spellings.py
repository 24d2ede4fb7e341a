"""Streams that are spelled in other ways, end in other ways, or are broken in places: U10 to U15."""

import json
from collections.abc import Callable, Iterable, Iterator

from tests.fakes.caller import Heard
from tests.fakes.scripted import DONE, Answer, Close, Reset, Step, answer, event, stream

from .case import Case, Outcome, either
from .silences import BREATH
from .speech import BEGUN, CANARY, END, PIECES, TEXT, TOLD, delta, lf, told, whole
from .upstream import Call

__all__ = ["CASES"]

MIB = 2**20
BODY = json.dumps(whole(), ensure_ascii=False).encode()
PRETTY = json.dumps(whole(), ensure_ascii=False, indent=1).encode()
BROKEN = b'data: {"choices":[{"index":0,"delta":{"content":"brok\n\n'
NOT_UTF8 = b'data: {"choices":[{"index":0,"delta":{"content":"\xff\xc3\x28"}}]}\n\n'
NOT_OBJECT = b"data: 1\n\n"


def _as_with_lf(heard: Heard, streamed: bool) -> Iterable[str]:
    """Hold an answer to the very bytes that the plain spelling gives, but for our id and our name of the model."""
    if not streamed:
        if heard.json["choices"] != whole()["choices"]:
            yield f"other choices than with LF: {heard.body[:300]!r}"
        return
    wanted = b"".join([*told()[:-2], DONE])
    for name in ("id", "model"):
        wanted = wanted.replace(f"{CANARY}-{name}".encode(), heard.events[0][name].encode())
    # Ours is the role that the first event lacked.
    wanted = wanted.replace(b'"delta": {', b'"delta": {"role":"assistant",', 1)
    if heard.body != wanted:
        yield f"other bytes than with LF: {heard.body[:600]!r}"


def _spelled(name: str, write: Callable[[bytes], bytes], *, split: bool = False) -> Case:
    """Return the case of a stream and a body whose bytes are changed without changing what they say."""

    def play(call: Call) -> Answer:
        if not call.stream:
            return answer(write(PRETTY).strip())
        text = write(lf())
        return stream(*(text[n : n + 1] for n in range(len(text))) if split else (text,))

    return Case("U12", name, play, "answered", "answered", look=_as_with_lf)


def _multi_line(text: bytes) -> bytes:
    # Of the two spaces one belongs to the field, the other to the JSON.
    return text.replace(b', "choices"', b',\ndata:  "choices"')


def _fields(text: bytes) -> bytes:
    wrapped = b": a comment\nevent: message\nid: 7\nretry: 10\ndata: "
    return text.replace(b"data: ", wrapped) if text.startswith(b"data: ") else text


def _events(*parts: bytes, ended: bool = True) -> Answer:
    return stream(*parts, ended=ended)


def _with_broken(broken: bytes, times: int) -> tuple[bytes, ...]:
    first, *rest = told()
    return (first, *[broken] * times, *rest)


def _bytewise(call: Call) -> Answer:
    if call.stream:
        return stream(*(lf()[n : n + 1] for n in range(len(lf()))))
    chunks = [BODY[n : n + 1] for n in range(len(BODY))]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY)
    return (head, *chunks)


def _endless(opening: bytes, block: bytes) -> Iterator[Step]:
    yield from stream(opening, ended=False)[:-1]
    while True:
        yield b"%x\r\n%b\r\n" % (len(block), block)


def _endless_body() -> Iterator[Step]:
    yield b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    yield b"1\r\n{\r\n"
    while True:
        yield b"10000\r\n" + b" " * 65536 + b"\r\n"


def _big_answer(heard: Heard, streamed: bool) -> Iterable[str]:
    if streamed:
        return
    if len(heard.json["choices"][0]["message"]["content"]) != 10 * MIB:
        yield "the ten megabytes did not arrive whole"


def _big(call: Call) -> Iterable[Step]:
    content = "a" * (10 * MIB)
    if call.stream:
        return stream(*BEGUN, event(delta(content)), event(END), DONE)
    message = {"role": "assistant", "content": content}
    return answer(whole(choices=[{"index": 0, "message": message, "finish_reason": "stop"}]))


def _picture(call: Call) -> Answer:
    images = [{"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * (2 * MIB)}}]
    if call.stream:
        return stream(*FINISHED[:-1], event(delta(delta={"images": images})), event(END), event(TOLD), DONE)
    message = {"role": "assistant", "content": TEXT, "images": images}
    return answer(whole(choices=[{"index": 0, "message": message, "finish_reason": "stop"}]))


def _heavy(name: str, opening: bytes, block: bytes, outcome: Outcome) -> Case:
    def play(call: Call) -> Iterable[Step]:
        return _endless(opening, block) if call.stream else _endless_body()

    return Case("U14", name, play, "passed_by", outcome, heavy=True, seconds=4)


FINISHED = (*BEGUN, event(delta(PIECES[3])), event(delta(PIECES[4])), event(END))
WELL = answer(whole())
UNTIL_CLOSED = (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + BODY, Close())

CASES = (
    Case("U10", "no-marker-then-close", either(UNTIL_CLOSED, _events(*FINISHED)), "answered", "answered"),
    Case(
        "U10",
        "no-marker-then-fin",
        either(UNTIL_CLOSED, _events(*FINISHED, ended=False)),
        "answered",
        "answered",
    ),
    Case(
        "U10",
        "no-marker-then-reset",
        either(UNTIL_CLOSED, (*_events(*FINISHED, ended=False)[:-1], BREATH, Reset())),
        "answered",
        "answered",
    ),
    Case(
        "U10",
        "marker-without-blank-line",
        either(WELL, _events(*told()[:-1], b"data: [DONE]")),
        "answered",
        "answered",
    ),
    Case("U11", "marker-twice", either(WELL, _events(*told(), DONE)), "answered", "answered"),
    Case(
        "U11",
        "data-after-the-marker",
        either(WELL, _events(*told(), event(delta("more")), event(TOLD), DONE)),
        "answered",
        "answered",
    ),
    _spelled("lf", lambda text: text),
    _spelled("crlf", lambda text: text.replace(b"\n", b"\r\n")),
    _spelled("crlf-split", lambda text: text.replace(b"\n", b"\r\n"), split=True),
    _spelled("cr", lambda text: text.replace(b"\n", b"\r")),
    _spelled("cr-split", lambda text: text.replace(b"\n", b"\r"), split=True),
    _spelled("no-space", lambda text: text.replace(b"data: ", b"data:")),
    _spelled("multi-line", _multi_line),
    _spelled("comments-and-fields", _fields),
    Case(
        "U12",
        "byte-order-mark",
        either(answer(b"\xef\xbb\xbf" + BODY), _events(b"\xef\xbb\xbf" + lf())),
        "passed_by",
        "answered",
    ),
    Case("U13", "split-at-every-byte", _bytewise, "answered", "answered"),
    Case(
        "U13",
        "one-invalid",
        either(
            answer(BODY.replace(PIECES[1].encode(), b"\xff\xc3\x28")), _events(*_with_broken(NOT_UTF8, 1))
        ),
        "passed_by",
        "answered",
    ),
    Case(
        "U13",
        "four-invalid",
        either(answer(b"\xff\xfe"), _events(*_with_broken(NOT_UTF8, 4))),
        "passed_by",
        "cut",
    ),
    Case("U14", "ten-megabytes-in-a-line", _big, "answered", "cut", look=_big_answer, heavy=True, seconds=2),
    Case(
        "U14",
        "picture-of-two-megabytes",
        _picture,
        "answered",
        "answered",
        heavy=True,
        pictures=True,
        seconds=2,
    ),
    _heavy("endless-line", b"".join(BEGUN), b"a" * 65536, "cut"),
    _heavy("endless-first-line", b"data: ", b"a" * 65536, "passed_by"),
    _heavy("endless-comments", b"".join(BEGUN), b": " + b"a" * 65532 + b"\n\n", "cut"),
    Case(
        "U15", "one-broken", either(answer(b"{"), _events(*_with_broken(BROKEN, 1))), "passed_by", "answered"
    ),
    Case(
        "U15",
        "three-broken",
        either(answer(BODY[:-1]), _events(*_with_broken(NOT_OBJECT, 3))),
        "passed_by",
        "answered",
    ),
    Case("U15", "four-broken", either(answer(b"[]"), _events(*_with_broken(BROKEN, 4))), "passed_by", "cut"),
    Case(
        "U15",
        "broken-from-the-start",
        either(answer(b'"it"'), _events(*[BROKEN] * 4, *told())),
        "passed_by",
        "passed_by",
    ),
)
