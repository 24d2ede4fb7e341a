"""The input of a custom tool, taken out of JSON that comes in pieces."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.dialects.responses.unwrapping import Unwrapper

any_text = st.text(st.characters(exclude_categories=()))
told = st.one_of(
    any_text.map(lambda text: json.dumps({"input": text})),
    any_text.map(lambda text: f' {{ "input" : "{text}"'),
    st.text('{}"\\:inputud83dDE0 0aF\n', max_size=40).map(lambda text: '{"input":"' + text),
    any_text,
)


def unwrapped(pieces: list[str]) -> str:
    unwrapper = Unwrapper()
    return "".join([*map(unwrapper.feed, pieces), unwrapper.finish()])


@given(st.text(st.characters(codec="utf-8")), st.booleans())
def test_is_what_was_wrapped(text: str, ascii_only: bool) -> None:
    assert unwrapped(list(json.dumps({"input": text}, ensure_ascii=ascii_only))) == text


@given(told, st.randoms(use_true_random=False))
def test_is_the_same_in_whatever_pieces(text: str, chance: random.Random) -> None:
    cuts = sorted(chance.randrange(len(text) + 1) for _ in range(chance.randrange(6)))
    pieces = [text[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert unwrapped(pieces) == unwrapped([text]) == unwrapped(list(text))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"input": "a', "a"),  # cut short
        ('{"input": "a\\', "a"),
        ('{"input": "\\ud83d', ""),
        ('{"input": "\\ud83dx"}', "\ufffdx"),  # half a pair
        ('{"input": "\\u12"}', "u12"),
        ('{"input": "\\q"}', "q"),
        ('{"input": "a", "more": 1}', "a"),
        ('{"more": 1, "input": "a"}', "a"),
        ('{"input": 5}', '{"input": 5}'),
        ('{"patch": "a"}', '{"patch": "a"}'),
        ("*** Begin Patch", "*** Begin Patch"),
        ("", ""),
    ],
)
def test_is_found_in_what_is_not_quite_right(text: str, found: str) -> None:
    assert unwrapped([text]) == unwrapped(list(text)) == found


def test_comes_as_soon_as_it_can() -> None:
    unwrapper = Unwrapper()
    assert [unwrapper.feed(piece) for piece in ('{"input":"', "a", "\\", "n", '"}')] == [
        "",
        "a",
        "",
        "\n",
        "",
    ]
