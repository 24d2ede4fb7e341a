"""The answers that every door of /v1 gives in the same words: failures, preflights, wrong methods."""

from . import answers, errors, spans, traffic
from .answers import Answer, Headers
from .arrival import Arrival
from .errors import Failure

__all__ = ["begin", "broken", "failed", "no_such_path", "preflight", "send", "wrong_method"]

_PREFLIGHT: Headers = [
    ("Access-Control-Allow-Methods", "GET, POST, DELETE, OPTIONS"),
    ("Access-Control-Allow-Headers", "*, Authorization"),
    ("Access-Control-Max-Age", "86400"),
]
_WITHOUT_BODY = (204, 304)


def failed(request: Arrival, failure: Failure, *, closing: bool = False) -> Answer:
    """Return a failure in the style its caller reads; `closing` ends the connection with it."""
    if spans.on:
        spans.refused(request, failure)
    style = errors.style(
        path=request.path,
        accept=request.header("accept"),
        agent=request.header("user-agent"),
        body=request.raw,
    )
    status, headers, body = errors.render(failure, style, request.number)
    end: Headers = [("Connection", "close")] if closing else []
    return Answer(status, [*headers, *answers.standing(request), *end], body)


def preflight(request: Arrival) -> Answer:
    """Return the leave for any page to call, without credentials of the browser's own."""
    return Answer(204, [*answers.standing(request), *_PREFLIGHT], b"")


def no_such_path(request: Arrival) -> Failure:
    """Return the failure of a path that leads nowhere."""
    return Failure("NOT_FOUND", f"There is no {request.path[:200]} here.")


def wrong_method(request: Arrival, allowed: str) -> Failure:
    """Return the failure of a method that its path does not take; `allowed` goes into the Allow header."""
    message = f"{request.method} is not allowed here."
    return Failure("METHOD_NOT_ALLOWED", message, headers={"Allow": allowed})


def broken() -> Failure:
    """Return the failure of our own code; the reason is in the log, never in the answer."""
    return Failure("INTERNAL_ERROR", "Something failed on our side.")


async def send(request: Arrival, answer: Answer) -> None:
    """Send a whole answer; the server leaves the body out where HEAD asked."""
    traffic.responded(request, answer.status_code)
    body = b"" if answer.status_code in _WITHOUT_BODY else answer.body
    if request.exchange is not None and not _closes(answer):
        await request.exchange.answer(answer.status_code, answers.header_lines(answer.listed), body)
        return
    headers = answers.wire_headers(answer.listed)
    # A length in a 304 would have to be that of the body which the caller has.
    if answer.status_code not in _WITHOUT_BODY:
        headers.append((b"Content-Length", b"%d" % len(body)))
    await request.send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
    await request.send({"type": "http.response.body", "body": body, "more_body": False})


async def begin(request: Arrival, headers: Headers) -> None:
    """Begin an answer that is a stream."""
    if request.exchange is not None:
        await request.exchange.begin(200, answers.header_lines(headers))
        return
    wired = answers.wire_headers(headers)
    await request.send({"type": "http.response.start", "status": 200, "headers": wired})


def _closes(answer: Answer) -> bool:
    return any(name == "Connection" for name, _ in answer.listed)
