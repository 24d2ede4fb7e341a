"""The sandbox's words and its rule of counting."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.sandbox import words

SEEDS = st.integers(0, 2**64 - 1)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        (" \n\t", 0),
        ("word", 1),
        ("two words", 2),
        ("It's 9.5 %!", 8),
        ("snake_case and kebab-case", 5),
        ("naïve café – 限流 🚦", 5),
    ],
)
def test_counts_runs_of_word_characters_and_single_signs(text: str, tokens: int) -> None:
    assert words.count(text) == tokens


@given(st.text())
def test_pieces_of_a_text_are_one_token_each_and_join_to_the_text(text: str) -> None:
    pieces = words.pieces(text)
    assert [words.count(piece) for piece in pieces] == [1] * words.count(text)
    assert "".join(pieces) == (text if pieces else "")


@given(SEEDS)
def test_prose_has_40_to_120_tokens_in_whole_sentences(seed: int) -> None:
    pieces = words.prose(seed)
    assert 40 <= len(pieces) <= 120
    assert pieces[-1] in {".", "?"}


@given(SEEDS, st.integers(1, 3_000))
def test_prose_of_a_given_length_has_exactly_that_many_tokens(seed: int, tokens: int) -> None:
    assert words.count("".join(words.prose(seed, tokens))) == tokens


def test_prose_differs_from_seed_to_seed() -> None:
    assert len({words.prose(number * 0x9E3779B97F4A7C15 % 2**64) for number in range(200)}) > 150


@given(SEEDS)
def test_world_is_mostly_longer_than_a_byte_a_character(seed: int) -> None:
    text = "".join(words.world(seed))
    assert len(text.encode()) > 1.2 * len(text)
