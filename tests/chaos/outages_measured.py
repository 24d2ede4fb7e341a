"""What is measured while Redis, a gateway or the broker is away: limits, answers, times, streams, freshness."""

import functools
import http.client
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

from django.db import connection

from billing import parts
from tests.fakes.cast import Customer
from tests.fakes.exchange import ask
from tests.fakes.gateway import Gateway, running_gateway
from tests.fakes.open_stream import OpenStream, open_stream

from .offered import CONDITIONS, Answered, offered, statuses, under
from .outages_report import Line, at, spread
from .town import Town

__all__ = ["caps", "dead_process", "drained", "fresh", "killed", "redis_away", "restarted"]

AT_ONCE = 64
STEADY = 8
OPENERS = 25
RESTARTS = 20
LONGEST_OTHER_SECONDS = 60.0
"""Only a Redis that is gone is away for as long as asked: what else befalls it shows in a minute what it does."""


def caps(town: Town, *, requests: int) -> Iterator[Line]:
    """Offer ten times the cap in each condition of Redis, over both gateways."""
    for condition in CONDITIONS:
        cap, before = requests // len(CONDITIONS) // 10, town.calls()
        who, name = town.known("words", day_cap=cap)
        with under(condition, town.valkey):
            answers = offered(town.gateways, who.secret, name, requests=10 * cap, at_once=AT_ONCE)
        calls, counted = town.calls() - before, statuses(answers)
        others = {status: number for status, number in counted.items() if status not in (200, 429)}
        yield Line(
            "G5",
            f"Redis {condition}: {10 * cap:,} requests at a cap of {cap:,}, two gateways",
            f"{counted.get(200, 0):,} admitted, {calls:,} calls upstream, other answers {sum(others.values())}",
            "overshoot 0, none refused wrongly",
            counted.get(200) == calls == cap and not others,
        )


def redis_away(town: Town, *, seconds: float) -> Iterator[Line]:
    """Have callers go on without pause while Redis is up, stopped, slow and flapping.

    Their first hop fails, so that processes ask Redis who of them may try it again.
    """
    who, name = town.known("error-500", "words", credit_usd="10000")
    shortly = min(seconds, LONGEST_OTHER_SECONDS)
    calm = _for(shortly / 2, town, who, name)
    for condition, lasts in (("stopped", seconds), ("slow", shortly), ("flapping", shortly)):
        with under(condition, town.valkey):
            began = time.monotonic()
            answers = _for(lasts, town, who, name)
        yield from _availability(f"{condition} for {lasts:.0f} s", began, calm, answers)


def _for(seconds: float, town: Town, who: Customer, name: str) -> list[Answered]:
    ends = time.monotonic() + seconds
    return offered(
        town.gateways,
        who.secret,
        name,
        requests=10**9,
        at_once=STEADY,
        until=lambda: time.monotonic() > ends,
    )


def _availability(
    condition: str, began: float, calm: Sequence[Answered], answers: Sequence[Answered]
) -> Iterator[Line]:
    good = sum(each.status == 200 for each in answers)
    first = [each.seconds for each in answers if each.began - began < 1]
    later = [each.seconds for each in answers if each.began - began >= 1]
    before = [each.seconds for each in calm]
    added_first = 1000 * (at(first, 0.99) - at(before, 0.99))
    added = 1000 * (at(later, 0.99) - at(before, 0.99))
    yield Line(
        "G21",
        f"Redis {condition}, {len(answers):,} calls by {STEADY} callers",
        f"{good:,} answered with 200",
        "100 %",
        good == len(answers),
    )
    yield Line(
        "G21",
        f"the same: added p99 (before: {spread(before)})",
        f"first second {added_first:+.0f} ms, later {added:+.0f} ms ({spread(later)})",
        "≤ 60 ms, then ≤ 5 ms",
        added_first <= 60 and added <= 5,
        exact=False,
    )


def killed(town: Town, *, streams: int) -> Iterator[Line]:
    """Kill a customer's streams by order while Redis is up, and while it is away."""
    for condition, wanted in (("up", 1.0), ("stopped", 3.0)):
        who, name = town.known("endless-100ms", stream_cap=streams)
        with under(condition, town.valkey), _open(town.gateways, who, name, streams) as heard:
            began = time.monotonic()
            ask("POST", town.gateways[0].base_url + "/user/streams/kill", headers=_key(who))
            took = [ended - began for ended in _ends(heard)]
        ended = [event["status"] for event in who.events()].count("killed")
        yield Line(
            "G9",
            f"kill {streams} streams, Redis {condition}: one event each",
            f"{ended} events, {len(who.events()) - ended} others",
            f"{streams}",
            ended == streams == len(who.events()),
        )
        yield Line(
            "G9",
            "the same: time to the last byte",
            spread(took),
            f"p99 ≤ {wanted:.0f} s",
            at(took, 0.99) <= wanted,
            exact=False,
        )


def drained(town: Town, *, streams: int) -> Iterator[Line]:
    """Send SIGTERM to a gateway with open streams, while Redis is frozen."""
    who, name = town.known("endless-100ms", stream_cap=streams)
    settings: dict[str, Any] = {"REDIS_URL": town.valkey.url, "TOLLWAY_DRAIN_SECONDS": "2"}
    with running_gateway(**settings) as gateway:
        gateway.knows(who.secret, name)
        with under("frozen", town.valkey), _open([gateway], who, name, streams) as heard:
            began = time.monotonic()
            gateway.stop()
            _ends(heard)
            gateway.gone(within=60)
            exited = time.monotonic() - began
    told = sum(b'"code":"UNAVAILABLE"' in stream.heard for stream in heard)
    settled = [event["status"] for event in who.events()].count("drained")
    yield Line(
        "G8",
        f"SIGTERM with {streams} open streams, Redis frozen",
        f"{told} told, {settled} settled, {who.open_requests()} left open",
        f"{streams}/{streams}",
        (told, settled, who.open_requests()) == (streams, streams, 0),
    )
    yield Line(
        "G8",
        "the same: to the end of the process, budget 2 s",
        f"{exited:.1f} s",
        "≤ 10 s",
        exited <= 10,
        exact=False,
    )


def dead_process(town: Town, *, streams: int) -> Iterator[Line]:
    """SIGKILL a gateway with open streams, while Redis is away and sweeps are not made."""
    who, name = town.known("endless-100ms", stream_cap=streams)
    with running_gateway(REDIS_URL=town.valkey.url) as gateway:
        gateway.knows(who.secret, name)
        with under("stopped", town.valkey), _open([gateway], who, name, streams) as heard:
            time.sleep(2)  # each has its checkpoint
            gateway.process.kill()
            began = time.monotonic()
            _ends(heard)
            town.gateways[0].eventually(lambda: who.open_requests() == 0, within=120)
            took = time.monotonic() - began
    events = who.events()
    charged = sum(event["status"] == "reaped" and event["cost"] > 0 for event in events)
    free = who.account()["open_streams"] == 0
    yield Line(
        "G7",
        f"SIGKILL of a gateway with {streams} open streams, Redis away: an event each, slots free",
        f"{len(events)} events, {charged} charged by their checkpoint",
        f"{streams}/{streams}",
        len(events) == charged == streams and free,
    )
    yield Line(
        "G7, L05",
        "the same: until all slots and holds are free",
        f"{took:.1f} s",
        "≤ 30 s",
        took <= 30,
        exact=False,
    )


def restarted(town: Town) -> Iterator[Line]:
    """Restart the broker again and again, and wait each time for the next sweep."""
    took = []
    for _ in range(RESTARTS):
        town.valkey.stop()
        town.valkey.start()
        began = time.monotonic()
        town.gateways[0].eventually(functools.partial(_swept_since, began), within=120)
        took.append(time.monotonic() - began)
    yield Line(
        "P14",
        f"broker killed and started {RESTARTS} times: to the next sweep, made every 5 s",
        spread(took),
        "max ≤ 30 s",
        max(took) <= 30,
        exact=False,
    )


def fresh(town: Town, *, seconds: float) -> Iterator[Line]:
    """Have callers go on for a while in health, and then while the broker is away, and wait for the last charge."""
    seconds = min(seconds, LONGEST_OTHER_SECONDS)
    for condition, words in (("up", "in health"), ("stopped", "with the broker away for as long")):
        who, name = town.known("words", credit_usd="10000")
        with under(condition, town.valkey):
            _for(seconds, town, who, name)
        began = time.monotonic()
        town.gateways[0].eventually(functools.partial(_charged, who), within=300)
        after, ages = time.monotonic() - began, _ages(who)
        yield Line(
            "G14",
            f"{seconds:.0f} s of calls {words}: {len(ages):,} requests, settled to ledger",
            f"p50 {at(ages, 0.5):.0f}, p99 {at(ages, 0.99):.0f}, max {max(ages):.0f} s; all {after:.0f} s after the end",
            "p99 ≤ 90 s" if condition == "up" else "≤ 90 s after the end",
            (at(ages, 0.99) if condition == "up" else after) <= 90,
            exact=False,
        )


def _charged(who: Customer) -> bool:
    return not who.account()["unbilled"]


def _ages(who: Customer) -> list[float]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT extract(epoch FROM min(t.created_at) - e.recorded_at)::float8
               FROM billing_usage_event e JOIN billing_ledger_transaction t
                 ON t.workspace_id = e.workspace_id AND t.charge_no = e.charge_no AND t.kind = 'usage'
               WHERE e.workspace_id = %s AND e.cost <> 0 GROUP BY e.id, e.recorded_at""",
            [who.workspace.pk],
        )
        return [age for (age,) in cursor.fetchall()]


@contextmanager
def _open(gateways: Sequence[Gateway], who: Customer, name: str, streams: int) -> Iterator[list[OpenStream]]:
    blocks = [
        open_stream(gateways[number % len(gateways)], _key(who), name, begun=False)
        for number in range(streams)
    ]
    with ExitStack() as after, ThreadPoolExecutor(OPENERS) as pool:
        heard = [after.enter_context(block) for block in blocks]
        list(pool.map(OpenStream.begin, heard))
        yield heard


def _ends(heard: Sequence[OpenStream]) -> list[float]:
    with ThreadPoolExecutor(len(heard)) as pool:
        return list(pool.map(_end, heard))


def _end(stream: OpenStream) -> float:
    try:
        return stream.end()
    except (OSError, http.client.HTTPException):  # cut off by the death of its gateway
        return time.monotonic()


def _key(who: Customer) -> dict[str, str]:
    return {"X-API-Key": who.secret}


def _swept_since(began: float) -> bool:
    silent = parts.silence(parts.heard(), "sweep")
    return silent is not None and silent < time.monotonic() - began
