"""What the routes under /auth tell when something fails on our side."""

import pytest
from django.db import OperationalError
from django.test import Client

from accounts import signins


@pytest.mark.parametrize(
    ("failing", "status", "code", "again"),
    [
        (OperationalError("secret address"), 503, "UNAVAILABLE", "true"),
        (RuntimeError("secret detail"), 500, "INTERNAL_ERROR", "false"),
    ],
    ids=["away", "broken"],
)
def test_a_failure_of_ours_is_told_in_our_words_alone(
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    failing: Exception,
    status: int,
    code: str,
    again: str,
) -> None:
    def fail(token: str) -> None:
        raise failing

    monkeypatch.setattr(signins, "renew", fail)
    told = client.post("/auth/refresh", {"refresh_token": "x"}, content_type="application/json")
    assert (told.status_code, told.json()["code"], told["X-Error-Code"]) == (status, code, code)
    assert told["x-should-retry"] == again
    assert told.has_header("Retry-After") == (status == 503)
    assert b"secret" not in told.content
