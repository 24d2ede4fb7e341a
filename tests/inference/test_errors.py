"""How failures are worded."""

import re
from pathlib import Path

import orjson
import pytest

from inference.errors import TABLE, Failure, render, style

ID = "018f"
CONTRACT_ROWS = {
    "INVALID_MODEL": 400,
    "VALIDATION_ERROR": 400,
    "CONTEXT_LENGTH_EXCEEDED": 400,
    "AUTHENTICATION_ERROR": 401,
    "INSUFFICIENT_CREDITS": 402,
    "CREDITS_HELD": 402,
    "MODEL_NOT_ALLOWED": 403,
    "AUTHORIZATION_ERROR": 403,
    "WORKSPACE_SUSPENDED": 403,
    "NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,
    "CONFLICT": 409,
    "PAYLOAD_TOO_LARGE": 413,
    "MINUTE_REQUEST_LIMIT_EXCEEDED": 429,
    "HOURLY_REQUEST_LIMIT_EXCEEDED": 429,
    "DAILY_REQUEST_LIMIT_EXCEEDED": 429,
    "CONCURRENT_STREAM_LIMIT_EXCEEDED": 429,
    "KEY_BUDGET_EXCEEDED": 429,
    "RATE_LIMIT_ERROR": 429,
    "INTERNAL_ERROR": 500,
    "PROVIDER_ERROR": 502,
    "UNAVAILABLE": 503,
    "PROVIDER_TIMEOUT": 504,
}
RETRIED = {
    "CREDITS_HELD",
    "UNAVAILABLE",
    "MINUTE_REQUEST_LIMIT_EXCEEDED",
    "CONCURRENT_STREAM_LIMIT_EXCEEDED",
}
TYPES = {
    "invalid_request_error",
    "authentication_error",
    "permission_error",
    "insufficient_quota",
    "rate_limit_error",
    "api_error",
}


@pytest.mark.parametrize(("code", "status"), CONTRACT_ROWS.items())
def test_give_each_code_its_status(code: str, status: int) -> None:
    found, headers, _ = render(Failure(code, "said"), "text", ID)
    assert (found, dict(headers)["X-Error-Code"]) == (status, code)


@pytest.mark.parametrize("code", CONTRACT_ROWS)
def test_say_whether_to_try_again(code: str) -> None:
    _, headers, _ = render(Failure(code, "said"), "openai", ID)
    assert dict(headers)["x-should-retry"] == ("true" if code in RETRIED else "false")


def test_use_only_the_types_that_clients_know() -> None:
    assert {kind.type for kind in TABLE.values()} <= TYPES


def test_are_plain_text_for_curl() -> None:
    _, headers, body = render(Failure("INVALID_MODEL", "There is no such model."), "text", ID)
    assert (dict(headers)["Content-Type"], body) == ("text/plain; charset=utf-8", b"There is no such model.")


def test_are_an_envelope_for_sdks() -> None:
    _, headers, body = render(Failure("INVALID_MODEL", "No such model.", param="model"), "openai", ID)
    assert dict(headers)["Content-Type"] == "application/json"
    assert orjson.loads(body) == {
        "error": {
            "message": "No such model.",
            "type": "invalid_request_error",
            "param": "model",
            "code": "model_not_found",
        }
    }


def test_carry_our_code_where_openai_has_none() -> None:
    _, _, body = render(Failure("PROVIDER_ERROR", "said"), "openai", ID)
    assert orjson.loads(body)["error"]["code"] == "PROVIDER_ERROR"


def test_say_how_long_to_wait_at_least_a_second() -> None:
    _, headers, _ = render(Failure("UNAVAILABLE", "said", retry_after=0), "text", ID)
    assert dict(headers)["Retry-After"] == "1"


@pytest.mark.parametrize(
    ("accept", "agent", "body", "wanted"),
    [
        ("*/*", "curl/8.5", b"{}", "text"),
        ("", "", b"", "text"),
        ("application/json", "OpenAI/Python 3.5", b"", "openai"),
        ("text/event-stream", "codex", b"", "openai"),
        ("*/*", "ai-sdk/openai/2.0 runtime/node", b"", "openai"),
        ("*/*", "ai/5.0 ai-sdk/provider", b"", "openai"),
        ("*/*", "curl/8.5", b'{"stream" : true}', "openai"),
        ("*/*", "curl/8.5", b'{"stream": false}', "text"),
        ("*/*", "curl/8.5", b'{"text":"\\"stream\\": true"}', "text"),
    ],
)
def test_are_styled_for_the_caller(accept: str, agent: str, body: bytes, wanted: str) -> None:
    assert style(path="/v1/chat/completions", accept=accept, agent=agent, body=body) == wanted


def test_are_raised_only_with_codes_of_the_table() -> None:
    package = Path(__file__).resolve().parents[2] / "inference"
    used = {
        code
        for file in package.glob("*.py")
        for code in re.findall(r'Failure\(\s*"([A-Z_]+)"', file.read_text())
    }
    assert used
    assert used <= TABLE.keys()


@pytest.mark.parametrize("code", CONTRACT_ROWS)
def test_are_anthropics_on_its_routes(code: str) -> None:
    assert style(path="/v1/messages/count_tokens", accept="*/*", agent="curl/8", body=b"") == "anthropic"
    _, headers, body = render(Failure(code, "said"), "anthropic", ID)
    said = orjson.loads(body)
    assert (said["type"], said["error"]["message"], said["request_id"]) == ("error", "said", ID)
    assert said["error"]["type"].endswith("_error") or said["error"]["type"] == "request_too_large"
    assert dict(headers)["X-Error-Code"] == code
