"""The text of an object in pieces: always sound, and whole in the end."""

import itertools
import json

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jiter import from_json

from inference.dialects.messages.partial import Partial

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=3), VALUES, max_size=4)


@st.composite
def written(draw: st.DrawFn) -> str:
    """An object as text, in one of the ways that JSON leaves open."""
    indent, ascii_only = draw(st.none() | st.just(1)), draw(st.booleans())
    return json.dumps(draw(OBJECTS), indent=indent, ensure_ascii=ascii_only)


def told(text: str, places: list[int]) -> list[str]:
    partial = Partial()
    marks = [0, *sorted(min(place, len(text)) for place in places), len(text)]
    pieces = [partial.feed(text[begin:end]) for begin, end in itertools.pairwise(marks)]
    return [*pieces, partial.finish()]


def strictly(text: str) -> object:
    """Return what a text says, None if it is no JSON. Python alone takes half of a pair of surrogates for a letter."""
    try:
        whole = json.loads(text)
        json.dumps(whole, ensure_ascii=False).encode()
    except ValueError:
        return None
    return whole


@PATIENT
@given(written(), st.lists(st.integers(0, 99), max_size=5))
def test_is_told_as_it_came_where_it_is_an_object(text: str, places: list[int]) -> None:
    assert "".join(told(text, places)) == text


@PATIENT
@given(written(), st.integers(0, 99), st.text(max_size=3), st.lists(st.integers(0, 99), max_size=5))
def test_is_an_object_in_the_end_whatever_came(text: str, place: int, wedge: str, places: list[int]) -> None:
    broken = "{" + text[1:][:place] + wedge + (text[1:][place:] if len(wedge) % 2 else "")
    pieces = told(broken, places)
    for number in range(1, len(pieces)):
        if so_far := "".join(pieces[:number]):
            from_json(so_far.encode(), partial_mode=True)
    found, whole = orjson.loads("".join(pieces)), strictly(broken)
    if whole is None:
        assert found["unparsed_arguments"] == broken
    else:
        assert found == whole


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("{", {}),
        ('{"a', {"a": None}),
        ('{"a"', {"a": None}),
        ('{"a":', {"a": None}),
        ('{"a":1', {"a": None}),  # it may go on
        ('{"a":1,', {"a": 1}),
        ('{"a":"x\\', {"a": "x"}),
        ('{"a":[', {"a": []}),
        ('{"a":[1,', {"a": [1, None]}),
        ('{"a":[{"b":1,', {"a": [{"b": 1, "": None}]}),
        ('{"a": nonsense', {"a": None}),
        ('{"a": 01}', {"a": None}),
        ('{"a": 1}}', {"a": 1}),
        ('{"a": 1} {"a": 1}', {"a": 1}),
        ("{'a': 1}", {}),
        ('{"a": 1,}', {"a": 1}),
        ('{"a": 1, "b\\udc00": 2}', {"a": 1, "b": None}),  # half of a pair
        ('{"a": "x\ny"}', {"a": "x"}),
    ],
)
def test_is_closed_with_all_of_it_where_it_goes_wrong(text: str, whole: dict[str, object]) -> None:
    assert orjson.loads("".join(told(text, []))) == {**whole, "unparsed_arguments": text}


def test_passes_on_long_words_as_they_come() -> None:
    partial = Partial()
    assert [partial.feed(text) for text in ('{"a": "one ', "two ", 'three"', "}")] == [
        '{"a": "one ',
        "two ",
        'three"',
        "",
    ]
    assert partial.finish() == "}"
