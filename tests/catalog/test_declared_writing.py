"""Tests of catalog.declared.writing: whatever is written is read back as it was."""

import json
import string

import yaml
from hypothesis import given
from hypothesis import strategies as st

from catalog.declared.writing import Note, write

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.text(
    string.ascii_letters + string.digits + " :#,-[]{}'\"\\\n.~!&*?|>%@`", max_size=20
)
scalars = st.none() | st.booleans() | st.integers() | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(texts, values, min_size=1, max_size=5))
def test_whatever_is_written_is_read_back(document: dict[str, object]) -> None:
    assert yaml.safe_load(write(document)) == document


@given(st.lists(st.sampled_from(["true", "no", "1", "1.5", "2025-01-01", "1e3", "0x1", "null", "~", "a: b"])))
def test_texts_that_look_like_something_else_stay_texts(words: list[str]) -> None:
    assert yaml.safe_load(write({"words": words, "pairs": [words]})) == {"words": words, "pairs": [words]}


def test_long_lists_are_wrapped_and_stay_one_list() -> None:
    names = [f"parameter_number_{number}" for number in range(30)]
    text = write({"models": {"m": {"names": names}}})
    assert max(map(len, text.splitlines())) <= 110
    assert yaml.safe_load(text)["models"]["m"]["names"] == names


def test_an_empty_mapping_stays_one_however_long_its_key_is() -> None:
    document: dict[str, object] = {"k" * 120: {}, "list": [{"k" * 120: {}}, {}]}
    assert yaml.safe_load(write(document)) == document


def test_a_note_is_a_comment_where_it_stands() -> None:
    text = write({"a": {"#x": Note("two\nlines"), "b": 1}, "list": [Note("of its own"), {"c": {"d": "e"}}]})
    assert text == "a:\n  # two\n  # lines\n  b: 1\n\nlist:\n  # of its own\n  - c: {d: e}\n"
    assert json.dumps(yaml.safe_load(text)) == '{"a": {"b": 1}, "list": [{"c": {"d": "e"}}]}'
