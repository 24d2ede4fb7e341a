"""The bench's load: it counts what it asked, and whatever is wrong with an answer is noticed."""

import asyncio
from typing import Any

import pytest

from bench.speed.driver import Job, Outcome, play, rank
from bench.speed.shapes import SHAPES, parts, question
from bench.speed.targets import request
from tests.bench.upstreams import mocking, saying


def job(port: int, name: str, **how: Any) -> Job:
    asked = request(f"/{name}/v1/chat/completions", question(SHAPES[name], "m"), {})
    return Job(port=port, request=asked, shape=name, **{"connections": 3, **how})


def against_mock(name: str, **how: Any) -> Outcome:
    async def run() -> Outcome:
        async with mocking() as port:
            return await play(job(port, name, **how))

    return asyncio.run(run())


def against(answer: bytes, name: str = "plain", **how: Any) -> Outcome:
    async def run() -> Outcome:
        async with saying(answer) as port:
            return await play(job(port, name, **{"requests": 6, **how}))

    return asyncio.run(run())


@pytest.mark.parametrize("name", ["plain", "burst", "paced"])
def test_asks_exactly_so_often_and_finds_every_answer_right(name: str) -> None:
    outcome = against_mock(name, requests=7)
    assert (outcome.answers, outcome.faults) == (7, {})
    assert 0 < outcome.first[0] <= outcome.took[0] <= outcome.took[1] <= outcome.took[2]


def test_the_first_of_a_paced_stream_is_long_before_its_end() -> None:
    outcome = against_mock("paced", requests=3)
    assert outcome.took[0] - outcome.first[0] >= 900


def test_for_a_time_it_asks_again_at_each_answer() -> None:
    outcome = against_mock("plain", seconds=0.3)
    assert outcome.answers > 3
    assert outcome.rate == pytest.approx(outcome.answers / outcome.seconds)


def test_by_the_clock_it_asks_so_often_whatever_is_answered() -> None:
    outcome = against_mock("paced", connections=2, seconds=1, rate=10)
    assert (outcome.answers, outcome.faults) == (10, {})
    # Two connections answer two streams a second: the last of ten has waited for the others.
    assert outcome.took[2] > 3000


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        (b" 41 42 ", b" 42 41 ", "other text"),
        (b'"completion_tokens":100', b'"completion_tokens":101', "other usage"),
        (b"HTTP/1.1 200 OK", b"HTTP/1.1 503 No", "status 503"),
    ],
)
def test_an_upstream_that_lies_is_found_out_each_time(old: bytes, new: bytes, wrong: str) -> None:
    truth = parts(SHAPES["plain"])[0]
    assert old in truth
    outcome = against(truth.replace(old, new))
    assert (outcome.answers, outcome.faults) == (0, {wrong: 6})


def test_a_stream_without_its_end_mark_is_none() -> None:
    truth = parts(SHAPES["burst"])[0]
    assert against(truth.replace(b"data: [DONE]", b"data: [GONE]"), "burst").faults == {"no end mark": 6}


def test_two_answers_to_one_request_are_one_too_many() -> None:
    outcome = against(parts(SHAPES["plain"])[0] * 2, connections=1, requests=1)
    assert (outcome.answers, outcome.faults) == (1, {"not asked for": 1})


def test_connections_that_are_hung_up_are_counted_and_end_the_job() -> None:
    assert against(b"", connections=2).faults == {"hung up": 2}


def test_what_is_no_http_is_as_good_as_hung_up() -> None:
    assert against(b"nonsense\r\n\r\n", connections=2).faults == {"hung up": 2}


def test_nobody_there_is_an_error() -> None:
    with pytest.raises(OSError, match="Connect"):
        asyncio.run(play(job(1, "plain", requests=1)))


def test_ranks_are_the_nearest() -> None:
    assert rank([]) == (0.0, 0.0, 0.0)
    assert rank([7.0]) == (7.0, 7.0, 7.0)
    assert rank([float(n) for n in range(100, 0, -1)]) == (50.0, 95.0, 99.0)
