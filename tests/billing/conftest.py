"""What tests of the money can ask for."""

import pytest

from kernel import clock


@pytest.fixture
def minute(monkeypatch: pytest.MonkeyPatch) -> int:
    """The present minute, which does not end while the test runs."""
    present = clock.minute_number()
    real = clock.minute_number
    monkeypatch.setattr(
        clock, "minute_number", lambda seconds=None: present if seconds is None else real(seconds)
    )
    return present
