"""Headers that operators may have sent: names and values that break nothing and hold no secret."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from catalog.headers import check_headers


@pytest.mark.parametrize(
    "headers", [{}, {"X-Title": "Tollway", "HTTP-Referer": "https://example.com"}, {"anthropic-beta": ""}]
)
def test_are_let_through(headers: Any) -> None:
    check_headers(headers)


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        (None, "object"),
        ([["X-A", "b"]], "object"),
        ({f"X-{number}": "v" for number in range(21)}, "at most 20"),
        ({"": "v"}, "no name"),
        ({"X A": "v"}, "no name"),
        ({"X-A:": "v"}, "no name"),
        ({"X-A\r\nHost": "v"}, "no name"),
        ({"Ä": "v"}, "no name"),
        ({"X-A": "a\r\nHost: b"}, "one line"),
        ({"X-A": "a\nb"}, "one line"),
        ({"X-A": "ä"}, "one line"),
        ({"X-A": 1}, "one line"),
        ({"X-A": None}, "one line"),
        ({"X-A": "v" * 1001}, "one line"),
        ({"X-A": "1", "x-a": "2"}, "twice"),
        *(({name: "v"}, "secret") for name in ("Authorization", "authorization", "X-API-Key", "Cookie", "api-key")),
        *(({name: "v"}, "set for each call") for name in ("Host", "content-length", "Transfer-Encoding", "Connection")),
        *(({name: "v"}, "set for each call") for name in ("X-Request-Id", "Accept-Encoding", "Expect")),
    ],
)  # fmt: skip
def test_are_refused_with_the_reason(headers: Any, why: str) -> None:
    with pytest.raises(ValidationError) as refused:
        check_headers(headers)
    (message,) = refused.value.message_dict["headers"]
    assert why in message
