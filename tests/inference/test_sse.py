"""Cutting a stream into events."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.sse import EventTooLong, Splitter, frame

# Pieces that make every shape of stream when strung together, broken ones too.
FIELDS = (b"data: ", b"data:", b"data", b"event: x", b"id: 1", b": note", b"a", b"{}", "é".encode(), b" ")
ENDS = (b"\n", b"\r", b"\r\n", b"\n\n", b"\r\r", b"\r\n\r\n")
PIECES = st.sampled_from((*FIELDS, *ENDS))
STREAMS = st.tuples(st.booleans(), st.lists(PIECES, max_size=40)).map(
    lambda made: (b"\xef\xbb\xbf" if made[0] else b"") + b"".join(made[1])
)


def whole(stream: bytes) -> list[bytes]:
    splitter = Splitter()
    return splitter.feed(stream) + splitter.finish()


def by_the_book(stream: bytes) -> list[bytes]:
    """Read a complete stream line by line, as the standard words it; an event without its blank line counts too."""
    events: list[bytes] = []
    data: list[bytes] = []
    for line in [*re.split(rb"\r\n|\r|\n", stream.removeprefix(b"\xef\xbb\xbf")), b""]:
        name, _, value = line.partition(b":")
        if not line:
            joined = b"\n".join(data)
            events += [joined] if joined else []
            data = []
        elif name == b"data":
            data.append(value.removeprefix(b" "))
    return events


@given(STREAMS)
def test_reads_any_stream_as_the_standard_words_it(stream: bytes) -> None:
    assert whole(stream) == by_the_book(stream)


@given(STREAMS, st.lists(st.integers(0, 120), max_size=12))
def test_gives_the_same_events_however_the_bytes_are_parted(stream: bytes, places: list[int]) -> None:
    splitter = Splitter()
    cuts = [0, *sorted(place for place in places if place <= len(stream)), len(stream)]
    events = [e for a, b in pairwise(cuts) for e in splitter.feed(stream[a:b])]
    assert events + splitter.finish() == whole(stream)


def test_gives_an_event_as_soon_as_its_blank_line_is_there() -> None:
    splitter = Splitter()
    assert splitter.feed(b"data: a\r\n\r") == [b"a"]
    assert splitter.feed(b"\ndata: b\n") == []
    assert splitter.feed(b"\n") == [b"b"]


def test_keeps_characters_that_were_parted() -> None:
    stream = 'data: {"t":"жñ漢🦊"}\n\n'.encode()
    splitter = Splitter()
    events = [event for n in range(len(stream)) for event in splitter.feed(stream[n : n + 1])]
    assert events == ['{"t":"жñ漢🦊"}'.encode()]


@pytest.mark.parametrize("step", [1, 8, 64])
def test_refuses_an_event_that_outgrows_the_bound(step: int) -> None:
    splitter = Splitter(max_event_bytes=128)
    for _ in range(128 // step):
        splitter.feed(b"x" * step)
    with pytest.raises(EventTooLong):
        splitter.feed(b"x" * step)


def test_refuses_a_long_event_that_comes_complete() -> None:
    with pytest.raises(EventTooLong):
        Splitter(max_event_bytes=100).feed(b"data: " + b"x" * 200 + b"\n\n")


def test_frames_what_it_splits() -> None:
    assert whole(frame(b'{"a":1}')) == [b'{"a":1}']
