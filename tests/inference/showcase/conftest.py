"""What tests of the pages about models stand on: nothing kept from another test's transaction."""

from collections.abc import Iterator

import pytest

from billing import rankings, uptime
from catalog import at_hand
from inference.showcase import front


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    """Read the catalogue and the record anew, before this test and after it."""
    at_hand.forget()
    uptime.record.forget()
    front.front.forget()
    rankings.used.forget()
    yield
    at_hand.forget()
    uptime.record.forget()
    front.front.forget()
    rankings.used.forget()
