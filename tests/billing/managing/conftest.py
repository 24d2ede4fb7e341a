"""What a process keeps of the catalogue is of the test before: its rows are rolled back, and their revision with them."""

from collections.abc import Iterator

import pytest

from catalog import at_hand


@pytest.fixture(autouse=True)
def catalogue() -> Iterator[None]:
    """Read the catalogue anew in each test."""
    at_hand.forget()
    yield
    at_hand.forget()
