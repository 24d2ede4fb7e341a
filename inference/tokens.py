"""How many tokens a text has by our own tokenizer: for holds, and for answers cut before their usage was told."""

from collections.abc import Sequence

import toktok

__all__ = ["beside_text", "count", "warm"]

ENCODING = "o200k_base"
PER_MESSAGE = 16
PER_IMAGE = 4096


def warm() -> None:
    """Load the vocabulary (half a second of work), so that no request waits for it."""
    count(["warm"])


def count(texts: Sequence[str]) -> list[int]:
    """Return the tokens of each text. One thread: the process serves others meanwhile."""
    return list(toktok.batch_count(texts, ENCODING, threads=1)) if texts else []


def beside_text(*, messages: int, images: int) -> int:
    """Return a bound for what a prompt holds besides its text: the frame of each message, and images."""
    return PER_MESSAGE * messages + PER_IMAGE * images
