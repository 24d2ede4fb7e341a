"""The home greets whoever looks by the hour, and by the first of their names."""

from datetime import UTC, datetime

import pytest
from django.http import HttpRequest

from accounts.models import User
from billing.glance.home import _greeting


@pytest.mark.parametrize(
    ("hour", "part"),
    [
        (0, "evening"),
        (3, "evening"),
        (4, "morning"),
        (11, "morning"),
        (12, "afternoon"),
        (17, "afternoon"),
        (18, "evening"),
        (23, "evening"),
    ],
)
def test_by_the_hour(hour: int, part: str) -> None:
    now = datetime(2026, 11, 20, hour, tzinfo=UTC)
    request = HttpRequest()
    for name, told in (("Lena Marie Quist", f"Good {part}, Lena"), ("", f"Good {part}")):
        request.user = User(name=name)
        assert _greeting(request, now) == told
