"""Every test begins with nothing read."""

import pytest

from billing.announcing import notices


@pytest.fixture(autouse=True)
def nothing_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have each reader read anew: tests commit nothing, so nobody is told when to forget."""
    notices.forget()
    monkeypatch.setattr(notices, "FRESH_SECONDS", 0.0)
