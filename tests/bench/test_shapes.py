"""The bytes of the bench's upstream, and what it takes an answer for."""

import json
import re

import pytest

from bench.speed.shapes import PROMPT_TOKENS, SHAPES, Shape, fault, parts, question


def body(shape: Shape) -> bytes:
    """Return the body of an upstream's answer, its chunks joined."""
    head, _, rest = b"".join(parts(shape)).partition(b"\r\n\r\n")
    if b"Transfer-Encoding: chunked" not in head:
        return rest
    found, left = b"", rest
    while left:
        size, _, left = left.partition(b"\r\n")
        found, left = found + left[: int(size, 16)], left[int(size, 16) + 2 :]
    return found


def events(shape: Shape) -> list[str]:
    return re.findall(r"data: (.*)\n\n", body(shape).decode())


def test_a_plain_answer_is_one_body_of_the_length_it_names() -> None:
    [written] = parts(SHAPES["plain"])
    head, _, rest = written.partition(b"\r\n\r\n")
    answer = json.loads(rest)
    assert f"Content-Length: {len(rest)}".encode() in head
    assert answer["choices"][0]["message"]["content"] == SHAPES["plain"].text
    assert answer["usage"] == {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": 100, "total_tokens": 120}


@pytest.mark.parametrize("name", ["burst", "paced", "slow"])
def test_a_stream_has_an_event_for_each_piece_then_reason_usage_and_end(name: str) -> None:
    *said, reason, usage, end = events(SHAPES[name])
    assert [json.loads(each)["choices"][0]["delta"]["content"] for each in said] == SHAPES[name].text.replace(
        " ", "\n "
    ).strip("\n").split("\n")
    assert json.loads(reason)["choices"][0]["finish_reason"] == "stop"
    assert json.loads(usage)["usage"]["completion_tokens"] == SHAPES[name].pieces == len(said)
    assert end == "[DONE]"


def test_a_burst_is_one_write_and_a_paced_stream_one_for_each_piece_and_its_end() -> None:
    assert len(parts(SHAPES["burst"])) == 1
    assert len(parts(SHAPES["paced"])) == SHAPES["paced"].pieces + 1


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_its_own_answer_is_right_and_no_other_shapes(name: str) -> None:
    assert fault(SHAPES[name], 200, body(SHAPES[name])) == ""
    others = [each for each in SHAPES.values() if each.text != SHAPES[name].text]
    assert all(fault(SHAPES[name], 200, body(other)) for other in others)


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        (b'" 41"', b'" 42"', "other text"),
        (b'"completion_tokens":100', b'"completion_tokens":99', "other usage"),
        (b'"prompt_tokens":20', b'"prompt_tokens":0', "other usage"),
        (b"data: [DONE]", b"", "no end mark"),
    ],
)
def test_one_byte_that_is_not_as_it_was_is_named(old: bytes, new: bytes, wrong: str) -> None:
    changed = body(SHAPES["burst"]).replace(old, new)
    assert changed != body(SHAPES["burst"])
    assert fault(SHAPES["burst"], 200, changed) == wrong


def test_an_event_that_is_missing_and_a_refusal_are_named() -> None:
    first, _, rest = body(SHAPES["burst"]).partition(b"\n\n")
    assert fault(SHAPES["burst"], 200, rest) == "other text"
    assert fault(SHAPES["burst"], 429, first) == "status 429"


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_a_question_asks_for_its_shape_with_the_usage(name: str) -> None:
    asked = json.loads(question(SHAPES[name], "m"))
    assert asked["model"] == "m"
    assert asked.get("stream", False) is SHAPES[name].stream
    assert asked.get("stream_options", {}).get("include_usage", False) is SHAPES[name].stream
