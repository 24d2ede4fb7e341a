"""Whatever JSON can hold, for fields that a caller may fill with anything, and how such a body is read."""

from collections.abc import Callable
from typing import TypeVar

from hypothesis import strategies as st

from inference.errors import Failure

T = TypeVar("T")

_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**63), max_value=2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
)
_KEYS = st.sampled_from(["text", "type", "url"]) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=5
)

ANYTHING = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4)
)


def taken(read: Callable[[], T]) -> T | None:
    """Return what was read, or None if the body was refused as invalid. Any other exception is raised."""
    try:
        return read()
    except Failure as failure:
        if failure.code == "VALIDATION_ERROR" and failure.message:
            return None
        raise
