"""Changing single values of a JSON object in its bytes."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.splice import Rewriter, items, members

SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
)
OBJECTS = st.dictionaries(
    st.text(max_size=4) | st.sampled_from(["id", "model", "choices"]), VALUES, max_size=5
)
LAYOUTS = st.sampled_from([{}, {"indent": 2}, {"separators": (",", ":")}, {"ensure_ascii": False}])


def rewriter() -> Rewriter:
    return Rewriter(answer_id="ours", model="route/m")


def apply(text: bytes, by: Rewriter | None = None) -> bytes:
    return (by or rewriter()).apply(text, orjson.loads(text))


@given(OBJECTS, LAYOUTS)
def test_finds_each_member_where_it_stands(value: dict[str, Any], layout: dict[str, Any]) -> None:
    text = json.dumps(value, **layout).encode()
    found = {member.key.decode(): orjson.loads(text[member.start : member.end]) for member in members(text)}
    assert found == value


@given(st.lists(VALUES, max_size=5), LAYOUTS)
def test_finds_where_each_item_begins(value: list[Any], layout: dict[str, Any]) -> None:
    text = json.dumps(value, **layout).encode()
    assert len(list(items(text, 0))) == len(value)


@given(OBJECTS, LAYOUTS)
def test_changes_id_and_model_and_nothing_else(value: dict[str, Any], layout: dict[str, Any]) -> None:
    value.pop("choices", None)
    text = json.dumps(value, **layout).encode()
    assert orjson.loads(apply(text)) == {**value, "id": "ours", "model": "route/m"}


@given(st.lists(OBJECTS, min_size=1, max_size=6), LAYOUTS)
def test_does_so_for_each_event_of_a_stream(events: list[dict[str, Any]], layout: dict[str, Any]) -> None:
    by = rewriter()
    for value in events:
        value.pop("choices", None)
        text = json.dumps(value, **layout).encode()
        assert orjson.loads(apply(text, by)) == {**value, "id": "ours", "model": "route/m"}


def test_leaves_every_other_byte_as_it_was() -> None:
    text = b'{ "id" : "x","n":1.50, "model":"up/m" ,"choices":[{"delta":{"role":"assistant","content":"\\u00e9"}}],"z":1e3}'
    wanted = (
        b'{ "id" : "ours","n":1.50, "model":"route/m" ,'
        b'"choices":[{"delta":{"role":"assistant","content":"\\u00e9"}}],"z":1e3}'
    )
    assert apply(text) == wanted


def test_is_not_fooled_by_the_same_words_elsewhere() -> None:
    text = b'{"choices":[{"delta":{"role":"assistant","content":"\\"id\\":\\"x\\"","id":1,"model":2}}],"id":"x","model":"y"}'
    assert orjson.loads(apply(text)) == {**orjson.loads(text), "id": "ours", "model": "route/m"}


def test_knows_a_key_by_its_meaning() -> None:
    assert apply(b'{"i\\u0064":"x","model":"y"}') == b'{"i\\u0064":"ours","model":"route/m"}'


@pytest.mark.parametrize(
    ("event", "wanted"),
    [
        (b'{"object":"o"}', b'{"id":"ours","model":"route/m","object":"o"}'),
        (b"{}", b'{"id":"ours","model":"route/m"}'),
        (b'{"id":"x"}', b'{"model":"route/m","id":"ours"}'),
        (b'{"id":null,"model":"y"}', b'{"id":"ours","model":"route/m"}'),
    ],
)
def test_adds_what_is_missing(event: bytes, wanted: bytes) -> None:
    assert apply(event) == wanted


def test_gives_the_first_delta_of_each_choice_a_role() -> None:
    by = rewriter()
    head = b'{"id":"x","model":"y","choices":['
    first = apply(head + b'{"index":0,"delta":{"content":"a"}},{"index":1,"delta":{}}]}', by)
    again = apply(head + b'{"index":0,"delta":{"content":"b"}}]}', by)
    assert [choice["delta"] for choice in orjson.loads(first)["choices"]] == [
        {"role": "assistant", "content": "a"},
        {"role": "assistant"},
    ]
    assert orjson.loads(again)["choices"] == [{"index": 0, "delta": {"content": "b"}}]


def test_keeps_a_role_that_is_there() -> None:
    event = b'{"id":"x","model":"y","choices":[{"index":0,"delta":{"role":"tool"}}]}'
    assert b'"delta":{"role":"tool"}' in apply(event)


@pytest.mark.parametrize(
    "choices", [b"1", b"[1]", b'[{"index":"a","delta":{}}]', b'[{"delta":3}]', b'[{"index":[],"delta":{}}]']
)
def test_lets_nonsense_pass(choices: bytes) -> None:
    text = b'{"id":"x","model":"y","choices":' + choices + b"}"
    assert orjson.loads(apply(text))["choices"] == orjson.loads(choices)


def test_follows_the_last_of_a_key_given_twice() -> None:
    text = b'{"id":"x","model":"y","choices":[],"choices":[{"index":0,"delta":{"content":"a"}}]}'
    assert orjson.loads(apply(text))["choices"][0]["delta"]["role"] == "assistant"
