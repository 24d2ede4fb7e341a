"""Parts of content are brought to one spelling."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.errors import Failure
from inference.parts import checked

PICTURE = "data:image/png;base64,QUJD"


def user(content: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": content}]


@pytest.mark.parametrize(
    ("part", "written"),
    [
        ({"type": "input_text", "text": "a"}, {"type": "text", "text": "a"}),
        ({"type": "output_text", "text": "a", "annotations": []}, {"type": "text", "text": "a"}),
        ({"type": "image_url", "image_url": PICTURE}, {"type": "image_url", "image_url": {"url": PICTURE}}),
        (
            {"type": "input_image", "image_url": PICTURE, "detail": "low"},
            {"type": "image_url", "image_url": {"url": PICTURE, "detail": "low"}},
        ),
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUJD"}},
            {"type": "image_url", "image_url": {"url": PICTURE}},
        ),
        (
            {"type": "image", "source": {"type": "url", "url": "https://x.example/a.png"}},
            {"type": "image_url", "image_url": {"url": "https://x.example/a.png"}},
        ),
    ],
)
def test_in_the_spelling_of_upstreams(part: dict[str, Any], written: dict[str, Any]) -> None:
    assert checked(user([part])) == user([written])


@pytest.mark.parametrize(
    "content",
    [
        "text",
        None,
        [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}],
        [{"type": "image_url", "image_url": {"url": PICTURE, "detail": "high"}}],
        [{"type": "input_audio", "input_audio": {"data": "QUJD", "format": "wav"}}],
        [{"type": "file", "file": {"file_id": "f"}}, {"type": "made_up", "x": 1}],
    ],
)
def test_and_left_alone_where_that_is_so_already(content: Any) -> None:
    messages = user(content)
    assert checked(messages)[0] is messages[0]


def test_with_arguments_as_text() -> None:
    calls = [
        {"id": "1", "type": "function", "function": {"name": "f", "arguments": {"a": 1}}},
        {"id": "2", "type": "function", "function": {"name": "g"}},
        {"id": "3", "type": "function", "function": {"name": "h", "arguments": "not JSON"}},
    ]
    (message,) = checked([{"role": "assistant", "content": None, "tool_calls": calls}])
    assert [call["function"]["arguments"] for call in message["tool_calls"]] == ['{"a":1}', "{}", "not JSON"]


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ({"content": 5}, "messages[1].content"),
        ({"content": {"type": "text"}}, "messages[1].content"),
        ({"content": ["a"]}, "messages[1].content[0]"),
        ({"content": [{"text": "a"}]}, "messages[1].content[0]"),
        ({"content": [{"type": "text", "text": "a"}, {"type": "text"}]}, "messages[1].content[1].text"),
        ({"content": [{"type": "image_url"}]}, "messages[1].content[0].image_url"),
        ({"content": [{"type": "image", "source": {"type": "x"}}]}, "messages[1].content[0].source"),
        ({"tool_calls": {}}, "messages[1].tool_calls"),
        ({"tool_calls": [{"id": "1"}]}, "messages[1].tool_calls[0].function"),
    ],
)
def test_or_refused_by_their_place(message: dict[str, Any], param: str) -> None:
    with pytest.raises(Failure) as refused:
        checked([{"role": "user", "content": "a"}, {"role": "assistant", **message}])
    assert (refused.value.code, refused.value.param) == ("VALIDATION_ERROR", param)
    assert param in refused.value.message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "image_url", "source", "url", "data", "function"]), inner
        )
    ),
    max_leaves=8,
)


@given(content=JSON, calls=JSON)
def test_whatever_they_are_without_breaking(content: Any, calls: Any) -> None:
    with contextlib.suppress(Failure):
        checked([{"role": "user", "content": content, "tool_calls": calls}])
