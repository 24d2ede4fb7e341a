"""Which sandbox model does what: the table of names, and how a name finds its row."""

import functools
import re
import zlib

import orjson

from inference.sandbox.behaviour import Behaviour, Ending, Instead, Knob, tuned

__all__ = ["ORDINARY", "SCRIPT", "behaviour", "error_body", "table"]

ORDINARY = Behaviour()
BOMB_BYTES = 100 * 2**20
BIG_LINE_BYTES = 10 * 2**20

_ERRORS: dict[int, tuple[str, str | None, str]] = {
    400: ("invalid_request_error", "invalid_value", "The sandbox was asked to refuse this request."),
    401: ("authentication_error", "invalid_api_key", "The sandbox was asked to refuse this credential."),
    402: ("insufficient_quota", "insufficient_quota", "The sandbox was asked to be out of credit."),
    403: ("permission_error", None, "The sandbox was asked to forbid this request."),
    404: ("invalid_request_error", "model_not_found", "The sandbox was asked not to know this model."),
    408: ("api_error", "timeout", "The sandbox was asked to time out."),
    413: ("invalid_request_error", "payload_too_large", "The sandbox was asked to find this too large."),
    422: ("invalid_request_error", None, "The sandbox was asked not to process this request."),
    429: ("rate_limit_error", "rate_limit_exceeded", "The sandbox was asked to limit your rate."),
    500: ("api_error", "internal_error", "The sandbox was asked to fail."),
    502: ("api_error", "bad_gateway", "The sandbox was asked to be a bad gateway."),
    503: ("api_error", "overloaded", "The sandbox was asked to be overloaded."),
    504: ("api_error", "timeout", "The sandbox was asked to be a slow gateway."),
    529: ("api_error", "overloaded", "The sandbox was asked to be overloaded."),
}
_HTML = b"<!doctype html><html><head><title>Sandbox</title></head><body><h1>It works!</h1></body></html>"
_AFTER_TOKENS = Knob("break_after", "", 100_000)


def error_body(
    status: int, message: str | None = None, *, param: str | None = None, code: str | None = None
) -> bytes:
    """An error in OpenAI's envelope, as JSON bytes; what is not given is the usual for this status."""
    kind, usual_code, usual = _ERRORS[status]
    error = {"message": message or usual, "type": kind, "param": param, "code": code or usual_code}
    return orjson.dumps({"error": error})


def _error(status: int) -> Behaviour:
    return Behaviour(
        about=f"answers {status} with an OpenAI error body",
        instead=Instead(status=status, body=error_body(status)),
        retry_after_s=2 if status in (429, 503) else None,
        knob=Knob("retry_after_s", "s", 86_400) if status in (429, 503) else None,
    )


@functools.cache
def _bomb() -> bytes:
    pack = zlib.compressobj(9, wbits=31)
    return b"".join([pack.compress(b" " * 2**20) for _ in range(BOMB_BYTES // 2**20)]) + pack.flush()


def _breaks(about: str, ending: Ending) -> Behaviour:
    return Behaviour(about=about, break_after=10, knob=_AFTER_TOKENS, ending=ending)


def _instead(about: str, instead: Instead) -> Behaviour:
    return Behaviour(about=about, instead=instead)


_REFUSALS = {f"error-{status}": _error(status) for status in _ERRORS} | {
    "rate-limited": _error(429),
    "error-context": _instead(
        "answers 400 context_length_exceeded",
        Instead(
            status=400,
            body=error_body(
                400, "The sandbox was asked to find this prompt too long.", code="context_length_exceeded"
            ),
        ),
    ),
    "echo-secrets": Behaviour(
        about="answers 500 and quotes the Authorization header and the address it was called with",
        instead=Instead(status=500),
        leaks=True,
    ),
    "flaky": Behaviour(about="answers 500 to the first, third, fifth … call", fail_odd=True),
    "recovering": Behaviour(
        about="answers 500 to the first 5 calls, then well",
        fail_first=5,
        knob=Knob("fail_first", "", 1_000),
    ),
}

_NOT_AN_ANSWER = {
    "hang": Behaviour(about="accepts the request and sends nothing", silent="at-once"),
    "headers-then-nothing": Behaviour(about="sends the headers, then nothing", silent="after-headers"),
    "html-200": _instead(
        "answers 200 with an HTML page", Instead(status=200, body=_HTML, content_type="text/html")
    ),
    "wrong-type": _instead(
        "answers 200 with plain text", Instead(status=200, body=b"OK\n", content_type="text/plain")
    ),
    "empty-body": _instead("answers 200 with no body at all", Instead(status=200)),
    "no-content": _instead("answers 204", Instead(status=204)),
    "redirect": _instead(
        "answers 302 to a link-local address",
        Instead(status=302, headers=(("Location", "http://169.254.169.254/latest/meta-data/"),)),
    ),
    "error-in-200": _instead("answers 200 with a JSON error body", Instead(status=200, body=error_body(500))),
    "gzip-bomb": _instead(
        "answers 200 with 100 MiB of blanks, compressed a thousandfold",
        Instead(status=200, body=_bomb, headers=(("Content-Encoding", "gzip"),)),
    ),
}

_ANSWERS = {
    "echo": Behaviour(about="repeats the last user message", text="echo"),
    "long": Behaviour(about="2,000 tokens", tokens=2_000, knob=Knob("tokens", "", 200_000)),
    "endless": Behaviour(
        about="a token every 10 ms until the caller leaves, whatever max_tokens says; plain: blanks",
        endless=True,
        delay=10,
        knob=Knob("delay", "ms", 60_000),
    ),
    "ignores-max": Behaviour(about="ten times as many tokens as the caller allowed", overrun=10),
    "empty": Behaviour(about="a complete answer without any output token", text="none"),
    "tool-call": Behaviour(about="calls the first tool offered", calls=1),
    "parallel-tool-calls": Behaviour(about="makes two tool calls at once", calls=2),
    "bad-tool-call": Behaviour(
        about="calls a tool with arguments that are not JSON", calls=1, broken_call=True
    ),
    "reasoning": Behaviour(about="thinks first: reasoning_content, counted as reasoning", reasons=True),
    "cached": Behaviour(about="reports half of the prompt as read from a cache", cached=True),
    "content-filter": Behaviour(about="ends with finish reason content_filter", refuses=True),
    "many-choices": Behaviour(about="1,000 choices of one token each", choices=1_000, tokens=1),
    "other-model": Behaviour(about="names another model, no id, no creation time", stranger=True),
    "big-line": Behaviour(about="one token of 10 MiB in one event", text="big"),
    "world": Behaviour(about="text in several scripts", text="world"),
}

_FIGURES = {
    "no-usage": Behaviour(about="never reports usage", figures="absent"),
    "usage-every-chunk": Behaviour(about="a running usage in every event", figures="running"),
    "lying-usage": Behaviour(about="reports ten times the tokens it used", figures="tenfold"),
    "negative-usage": Behaviour(about="reports negative token counts", figures="negative"),
}

_PACE = {
    "slow": Behaviour(about="250 ms before each token", delay=250, knob=Knob("delay", "ms", 60_000)),
    "late": Behaviour(about="15 s before the first byte", wait=15_000, knob=Knob("wait", "ms", 600_000)),
    "drip": Behaviour(
        about="a second after each byte", byte_delay=1_000, knob=Knob("byte_delay", "ms", 60_000)
    ),
}

_BREAKS = {
    "cut-stream": _breaks("closes in the middle of a chunk after 10 tokens", "fin"),
    "cut-stream-rst": _breaks("resets the connection in the middle of a chunk after 10 tokens", "rst"),
    "cut-between": _breaks("closes between chunks after 10 tokens, without the last chunk", "unended"),
    "cut-clean": _breaks("ends well-formed after 10 tokens: no finish reason, no end marker", "clean"),
    "stall": _breaks("sends nothing more after 10 tokens, and stays", "stall"),
    "sse-error-first": Behaviour(about="200, and the first event is an error", break_after=0, ending="error"),
    "sse-error-mid": _breaks("an error event after 10 tokens", "error"),
    "endless-line": _breaks("after 10 tokens a line that never ends", "endless-line"),
    "bad-json": Behaviour(
        about="1 event that is not JSON among the good ones",
        broken_events=1,
        broken_event=b'{"choices":[{"index":0,"delta":{"content":"brok',
        knob=Knob("broken_events", "", 1_000),
    ),
    "invalid-utf8": Behaviour(
        about="1 event that is not UTF-8 among the good ones",
        broken_events=1,
        broken_event=b'{"choices":[{"index":0,"delta":{"content":"\xff\xc3\x28"}}]}',
        knob=Knob("broken_events", "", 1_000),
    ),
}

_WIRE = {
    "no-done": Behaviour(about="finishes, but sends no end marker", markers=0),
    "no-finish": Behaviour(about="sends the end marker, but no finish reason", finishes=False),
    "double-done": Behaviour(about="sends the end marker twice", markers=2),
    "data-after-done": Behaviour(about="sends one more event after the end marker", trails=True),
    "crlf": Behaviour(about="lines end in CR LF", framing="crlf"),
    "cr": Behaviour(about="lines end in CR", framing="cr"),
    "bom": Behaviour(about="the stream begins with a byte order mark", framing="bom"),
    "no-space": Behaviour(about="no space after `data:`", framing="no-space"),
    "multi-line": Behaviour(about="each event on two `data:` lines", framing="multi-line"),
    "sse-fields": Behaviour(
        about="comments and `event:`, `id:`, `retry:` fields around the data", framing="fields"
    ),
    "split-utf8": Behaviour(
        about="text in several scripts, its characters parted across writes", text="world", shred=True
    ),
    "gzip": Behaviour(about="compressed, though nobody asked for it", gzip=True),
    "hang-up": Behaviour(about="answers, then closes the kept-alive connection unannounced", hangs_up=True),
    "hostile-headers": Behaviour(
        about="cookies, a foreign request id and 4 KiB of noise in the headers",
        headers=(
            ("Set-Cookie", "session=sandbox; Domain=example.com"),
            ("X-Request-Id", "spoofed"),
            ("X-Error-Code", "SPOOFED"),
            ("Access-Control-Allow-Origin", "https://example.com"),
            ("X-Noise", "n" * 4_096),
        ),
    ),
}

SCRIPT: dict[str, Behaviour] = _REFUSALS | _NOT_AN_ANSWER | _ANSWERS | _FIGURES | _PACE | _BREAKS | _WIRE

_NUMBERED = re.compile(r"(?P<name>.+)-(?P<number>[0-9]{1,6})(?P<unit>ms|s|)")


@functools.lru_cache(maxsize=1024)
def behaviour(model: str) -> Behaviour:
    """The behaviour of a model name, with or without `sandbox/` before it; unknown names are ordinary."""
    name = model.rpartition("sandbox/")[2]
    if name in SCRIPT:
        return SCRIPT[name]
    numbered = _NUMBERED.fullmatch(name)
    if numbered and (row := SCRIPT.get(numbered["name"])):
        return tuned(row, int(numbered["number"]), numbered["unit"]) or ORDINARY
    return ORDINARY


def table() -> str:
    """The names as a Markdown table: what `docs/sandbox.md` prints."""
    lines = ["| Model | What it does | With a number |", "|---|---|---|"]
    for name, row in SCRIPT.items():
        knob = f"`sandbox/{name}-N{row.knob.unit}`, N ≤ {row.knob.greatest:,}" if row.knob else ""
        lines.append(f"| `sandbox/{name}` | {row.about} | {knob} |")
    return "\n".join(lines) + "\n"
