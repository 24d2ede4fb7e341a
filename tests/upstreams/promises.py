"""What every request is promised whatever its upstream does, checked on what was heard and on what was booked."""

from collections.abc import Iterator
from typing import Any

from tests.fakes.cast import RATES, Customer

from .speech import CANARY, TEXT
from .trial import SLACK_SECONDS, Exchange, Trial

__all__ = ["check", "quiet"]

# Status and code of every error, and whether it is worth repeating: the table of the published contract.
MAPPED = {
    (400, "VALIDATION_ERROR"): "false",
    (400, "CONTEXT_LENGTH_EXCEEDED"): "false",
    (502, "PROVIDER_ERROR"): "false",
    (503, "UNAVAILABLE"): "true",
    (504, "PROVIDER_TIMEOUT"): "false",
}
CUT = '{"error":{"message":"The provider broke off the answer; what was delivered is charged.","type":"api_error"'
STOPPED = '{"error":{"message":"The provider wrote more than it was asked for and was stopped;'
TOO_MUCH = "U27"
MAY_BE_SENT = {
    *("content-type", "content-length", "transfer-encoding", "connection", "date", "server", "cache-control"),
    *("vary", "access-control-allow-origin", "access-control-expose-headers", "x-request-id", "retry-after"),
    *("x-error-code", "x-should-retry", "x-accel-buffering"),
}
MAY_BEGIN = ("x-tollway-", "x-router-", "x-ratelimit-", "ratelimit-")
PASSES = 2
# Ends that one upstream has the last word in.
SETTLED = ("cut", "answered", "refused", "too_long")


def check(trial: Trial, who: Customer) -> None:
    """Complain of everything that a trial broke."""
    for exchange in trial.exchanges:
        if _ended(trial, exchange):
            _mapped(trial, exchange)
            _silent_about_upstreams(trial, exchange)
            _booked(trial, exchange, who)
            _called(trial, exchange)
    for place in (trial.faulty, trial.second):
        if place.unfinished:
            trial.complain("leak", f"{place.unfinished} connections to an upstream stayed open")


def quiet(who: Customer) -> Iterator[str]:
    """Yield what is still held though every request has ended."""
    account = who.account()
    for name in ("held", "open_streams"):
        if account[name]:
            yield f"the account's {name} is {account[name]}"
    if who.open_requests():
        yield f"{who.open_requests()} admissions are left"


def _ended(trial: Trial, exchange: Exchange) -> bool:
    if exchange.heard.ending == "silent" or not exchange.heard.raw:
        trial.complain("hang", f"no end after {exchange.seconds:.1f} s ({exchange.heard.ending})")
        return False
    if exchange.seconds > trial.deadline + SLACK_SECONDS:
        trial.complain("hang", f"{exchange.seconds:.1f} s, though {trial.deadline:.1f} s were the deadline")
    if exchange.heard.ending == "reset" or not exchange.heard.whole:
        trial.complain("unmapped", "the answer was broken off on the way to the caller")
        return False
    return True


def _mapped(trial: Trial, exchange: Exchange) -> None:
    heard, wanted = exchange.heard, _wanted(trial, exchange)
    code = heard.headers.get("x-error-code", "")
    if heard.status != 200:
        retry = MAPPED.get((heard.status, code))
        if retry is None or heard.headers.get("x-should-retry") != retry or not exchange.request_id:
            trial.complain("unmapped", f"{heard.status} {code!r}: {heard.raw[:300]!r}")
    if wanted is not None and (heard.status, code) not in wanted:
        trial.complain("answer", f"{heard.status} {code!r} in place of {wanted}: {exchange.attempts}")
    elif heard.status == 200 and exchange.expected == "cut":
        if "[DONE]" in heard.data or not heard.data[-1].startswith(
            STOPPED if trial.case.number == TOO_MUCH else CUT
        ):
            trial.complain("answer", f"a cut stream ended in {heard.data[-1:]}")
    elif heard.status == 200:
        _right(trial, exchange)


def _wanted(trial: Trial, exchange: Exchange) -> list[tuple[int, str]] | None:
    if exchange.expected is None:
        return None
    if exchange.expected in ("cut", "answered"):
        return [(200, "")]
    if exchange.expected in ("refused", "too_long"):
        return [(400, "VALIDATION_ERROR" if exchange.expected == "refused" else "CONTEXT_LENGTH_EXCEEDED")]
    if not trial.only:
        return [(200, "")]
    return [(504, "PROVIDER_TIMEOUT")] if exchange.expected == "timed_out" else [(502, "PROVIDER_ERROR")]


def _right(trial: Trial, exchange: Exchange) -> None:
    heard, look = exchange.heard, trial.case.look
    if look is not None and exchange.expected == "answered":
        for text in look(heard, exchange.stream):
            trial.complain("answer", text)
        return
    if exchange.stream:
        right = (
            "".join(heard.pieces) == TEXT and heard.data[-1] == "[DONE]" and heard.data.count("[DONE]") == 1
        )
    else:
        right = heard.json["choices"][0]["message"]["content"] == TEXT
    if not right:
        trial.complain("answer", f"not the answer: {heard.body[:300]!r}")


def _silent_about_upstreams(trial: Trial, exchange: Exchange) -> None:
    raw = exchange.heard.raw
    head = raw.partition(b"\r\n\r\n")[0].decode("latin-1")
    names = [line.partition(":")[0].lower() for line in head.split("\r\n")[1:]]
    foreign = {name for name in names if name not in MAY_BE_SENT and not name.startswith(MAY_BEGIN)}
    if foreign or len(names) != len(set(names)):
        trial.complain("answer", f"headers that are not ours: {foreign or names}")
    places = (trial.faulty.token, trial.second.token, trial.secret, "nowhere.invalid", "127.0.0.1")
    said = [word for word in (*places, CANARY) if word.encode() in raw]
    if said:
        trial.complain("answer", f"the caller reads {said}: {raw[:600]!r}")


def _booked(trial: Trial, exchange: Exchange, who: Customer) -> None:
    try:
        booked = who.event(exchange.request_id)
    except ValueError:
        trial.complain("books", "not one usage event, but none or several")
        return
    wrong = list(_wrong_in(booked, exchange, too_much=trial.case.number == TOO_MUCH))
    if wrong:
        trial.complain("books", f"{', '.join(wrong)} in {booked}")


def _wrong_in(booked: dict[str, Any], exchange: Exchange, *, too_much: bool) -> Iterator[str]:
    heard = exchange.heard
    cut = heard.status == 200 and exchange.stream and "[DONE]" not in heard.data
    status = "upstream_cut" if cut else "ok" if heard.status == 200 else "failed"
    sources = ("bound",) if too_much else ("counted",) if cut else ("upstream", "counted")
    if booked["status"] != status or booked["http_status"] != heard.status:
        yield f"not {status} {heard.status}"
    free = status == "failed" or (cut and not heard.pieces)
    if booked["usage_source"] not in (("none",) if free else sources):
        yield f"usage source not in {sources}"
    if booked["cost"] != _cost(booked) or free != (booked["cost"] == 0):
        yield "not free, though nothing came" if free else f"cost not {_cost(booked)}"
    if booked["cost"] > booked["hold"]:
        yield "charged more than was held"
    cut_by = "OVERRUN" if too_much else "UPSTREAM_CUT"
    if booked["error_code"] != (cut_by if cut else heard.headers.get("x-error-code", "")):
        yield "another error code"


def _cost(booked: dict[str, Any]) -> int:
    """Price an event's own counts from the price list alone, in nano-USD."""
    pico = sum(int(booked[f"{token_class}_tokens"]) * rate for token_class, rate in RATES.items())
    return (pico + 500) // 1000


def _called(trial: Trial, exchange: Exchange) -> None:
    faulty, second = (
        sum(call.headers.get("x-request-id") == exchange.request_id for call in place.calls)
        for place in (trial.faulty, trial.second)
    )
    most = 1 if not trial.only or exchange.expected in (*SETTLED, "timed_out") else PASSES
    if trial.case.walk is not None:
        most = PASSES
    if faulty > most or second > (most if exchange.expected is None else 1):
        trial.complain("calls", f"{faulty} and {second} calls upstream, at most {most} allowed")
    if exchange.expected in SETTLED and second:
        trial.complain("calls", "the second hop was asked though the first had answered")
