"""The hub dialect by itself: what is kept of a talk, and how credits are written."""

import pytest

from inference.dialects.hub.answering import credits_of
from inference.dialects.hub.talk import GREATEST_BYTES, MOST_MESSAGES, Message, kept


def said(*roles: str, content: str = "x") -> list[Message]:
    return [{"role": role, "content": content} for role in roles]


def test_the_newest_ten_are_kept_without_orders_to_the_model() -> None:
    talk = said(*("system", "user", "assistant") * 8)
    assert kept(talk) == said(*("user", "assistant") * 5)
    assert len(kept(talk)) == MOST_MESSAGES


def test_what_is_kept_begins_with_the_users_words() -> None:
    assert kept(said("assistant", "tool", "assistant", "user", "assistant")) == said("user", "assistant")
    assert kept(said("assistant", "tool")) == []


def test_what_is_kept_is_bounded_in_bytes() -> None:
    long = "x" * (GREATEST_BYTES // 3)
    assert kept(said(*("user", "assistant") * 3, content=long)) == said("user", "assistant", content=long)
    assert kept(said("user", content="x" * GREATEST_BYTES)) == []


@pytest.mark.parametrize(
    ("nano", "per_usd", "told"),
    [
        (0, 1000, "0"),
        (1, 1000, "0.000001"),
        (42_000_000, 1000, "42"),
        (42_500_000, 1000, "42.5"),
        (10**12, 1000, "1000000"),
        (-1_500_000, 1000, "-1.5"),
        (1, 400, "0.0000004"),
    ],
)
def test_credits_are_exact_to_the_nano(nano: int, per_usd: int, told: str) -> None:
    assert credits_of(nano, per_usd) == told
