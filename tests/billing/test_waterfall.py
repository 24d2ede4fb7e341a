"""A waterfall: every part begins where the one before ends, on a scale that reaches to the last of them."""

from datetime import timedelta

import pytest

from billing.models import Attempt, UsageEvent
from billing.waterfall import Lane, Waterfall, waterfall
from kernel import clock

NOW = clock.now()


def event(*, took: int, first: int | None = None, provider: int = 4) -> UsageEvent:
    return UsageEvent(latency_ms=took, ttfb_ms=first, provider_id=provider, admitted_at=NOW)


def tried(
    number: int, after: float, took: int, *, http: int | None = 503, outcome: str = "status"
) -> Attempt:
    return Attempt(
        number=number, provider_id=3, outcome=outcome, http_status=http,
        started_at=NOW + timedelta(milliseconds=after), milliseconds=took,
    )  # fmt: skip


def drawn(asked: UsageEvent, *failed: Attempt) -> Waterfall:
    return waterfall(asked, failed, {3: "slow", 4: "good"})


def parts(lane: Lane) -> list[tuple[str, float, float]]:
    return [(part.kind, part.x, part.width) for part in lane.parts]


def said(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_a_request_that_was_served_at_once_waits_and_then_streams() -> None:
    made = drawn(event(took=200, first=50))
    assert [(lane.name, said(lane.says), lane.failed) for lane in made.lanes] == [
        ("Tollway", "not kept", False),
        ("1 good", "200 ms", False),
    ]
    assert parts(made.lanes[1]) == [("waiting", 0.0, 25.0), ("streaming", 25.0, 75.0)]
    assert (made.first_at, said(made.first_token), said(made.end)) == (25.0, "first token 50 ms", "200 ms")
    assert said(made.words) == "1 attempt in 200 ms."


def test_without_a_first_token_it_waits_to_its_end() -> None:
    made = drawn(event(took=200))
    assert parts(made.lanes[1]) == [("waiting", 0.0, 100.0), ("streaming", 99.6, 0.4)]
    assert (made.first_at, made.first_token) == (0.0, "")


@pytest.mark.parametrize(("first", "at"), [(100, 50.0), (120, 60.0), (121, 60.0), (200, 60.0)])
def test_the_moment_of_the_first_token_is_written_clear_of_the_end(first: int, at: float) -> None:
    assert drawn(event(took=200, first=first)).first_at == at


def test_tries_that_failed_lie_where_they_were_with_the_waits_between() -> None:
    made = drawn(event(took=1_000, first=900), tried(1, 10, 190), tried(2, 200, 100), tried(3, 350, 50))
    assert [(lane.name, said(lane.says), lane.failed) for lane in made.lanes] == [
        ("Tollway", "10 ms", False),
        ("1 slow", "503", True),
        ("2 slow", "503", True),
        ("wait", "50 ms", False),
        ("3 slow", "503", True),
        ("4 good", "600 ms", False),
    ]
    assert [parts(lane) for lane in made.lanes] == [
        [("tollway", 0.0, 1.0)],
        [("failed", 1.0, 19.0)],
        [("failed", 20.0, 10.0)],
        [("wait", 30.0, 5.0)],
        [("failed", 35.0, 5.0)],
        [("waiting", 40.0, 50.0), ("streaming", 90.0, 10.0)],
    ]
    assert said(made.words) == "4 attempts in 1.00 s."


def test_tries_at_the_same_time_wait_for_the_longest_of_them() -> None:
    made = drawn(event(took=400, first=100), tried(1, 0, 200), tried(2, 100, 20))
    assert [lane.name for lane in made.lanes] == ["Tollway", "1 slow", "2 slow", "3 good"]
    # Its first token came, as it seems, before the last try ended: it begins where that ended.
    assert parts(made.lanes[-1]) == [("waiting", 50.0, 0.4), ("streaming", 50.0, 50.0)]
    assert said(made.lanes[-1].says) == "200 ms"


def test_the_scale_reaches_to_the_end_of_the_last_try() -> None:
    made = drawn(event(took=100, provider=0), tried(1, 100, 400, http=None, outcome="connect_timeout"))
    assert [(lane.name, said(lane.says)) for lane in made.lanes] == [
        ("Tollway", "100 ms"),
        ("1 slow", "connect timeout"),
    ]
    assert parts(made.lanes[1]) == [("failed", 20.0, 80.0)]
    assert (said(made.end), said(made.words)) == ("500 ms", "1 attempt in 100 ms.")


def test_what_took_no_time_is_still_seen_and_a_clock_that_went_back_begins_at_nothing() -> None:
    made = drawn(event(took=0, provider=0), tried(1, -5, 0))
    assert parts(made.lanes[1]) == [("failed", 0.0, 0.4)]
    assert said(made.end) == "1 ms"
    late = drawn(event(took=1_000, provider=0), tried(1, 1_000, 0))
    [part] = late.lanes[1].parts
    assert (part.x, part.width, part.end) == (99.6, 0.4, 100.0)


def test_parts_are_drawn_to_the_hundredth_and_what_cannot_have_been_took_no_time() -> None:
    made = drawn(event(took=300, first=100), tried(1, 0, 600))
    assert parts(made.lanes[1]) == [("failed", 0.0, 100.0)]
    assert parts(made.lanes[2])[1] == ("streaming", 50.0, 0.4)
    assert said(made.lanes[2].says) == "0 ms"
    assert parts(drawn(event(took=300, first=100)).lanes[1]) == [
        ("waiting", 0.0, 33.33),
        ("streaming", 33.33, 66.67),
    ]


def test_a_provider_that_is_gone_is_an_upstream() -> None:
    made = waterfall(event(took=10), [tried(1, 0, 5)], {})
    assert [lane.name for lane in made.lanes] == ["Tollway", "1 upstream", "2 upstream"]
