"""Errors of Gemini's, and whose fault they are."""

from typing import Any

import pytest

from inference.adapters import Refusal
from inference.adapters.gemini import GEMINI

THEIRS, OURS = Refusal(callers_fault=True), Refusal(callers_fault=False)
TOO_LONG = Refusal(callers_fault=True, code="context_length_exceeded")


def error(code: int, status: str, message: str = "m", **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "status": status, "message": message, **more}}


@pytest.mark.parametrize(
    ("status", "said", "meant"),
    [
        (400, error(400, "INVALID_ARGUMENT", "Please use a valid role: user, model."), THEIRS),
        (
            400,
            error(
                400,
                "INVALID_ARGUMENT",
                "The input token count (1048580) exceeds the maximum number of tokens allowed (1048576).",
            ),
            TOO_LONG,
        ),
        (
            400,
            error(
                400,
                "INVALID_ARGUMENT",
                "API key not valid. Please pass a valid API key.",
                details=[{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}],
            ),
            OURS,
        ),
        (400, error(400, "INVALID_ARGUMENT", "m", details=[{"reason": "API_KEY_SERVICE_BLOCKED"}]), OURS),
        (
            400,
            error(
                400,
                "INVALID_ARGUMENT",
                'Invalid JSON payload received. Unknown name "id" at x: Cannot find field.',
            ),
            OURS,
        ),
        (
            400,
            error(
                400, "INVALID_ARGUMENT", "Function call is missing a thought_signature in functionCall parts."
            ),
            OURS,
        ),
        (400, error(400, "FAILED_PRECONDITION", "User location is not supported for the API use."), OURS),
        (401, error(401, "UNAUTHENTICATED"), OURS),
        (403, error(403, "PERMISSION_DENIED"), OURS),
        (404, error(404, "NOT_FOUND", "models/x is not found"), OURS),
        (413, {}, THEIRS),
        (429, error(429, "RESOURCE_EXHAUSTED"), OURS),
        (499, error(499, "CANCELLED"), OURS),
        (400, {}, OURS),
        (400, {"error": "x"}, OURS),
    ],
)
def test_are_the_callers_where_the_request_is_wrong(
    status: int, said: dict[str, Any], meant: Refusal
) -> None:
    assert GEMINI.refusal(status, said) == meant


@pytest.mark.parametrize(
    ("delay", "seconds"), [("7s", 7), ("0.847655010s", 0.84765501), ("soon", None), ("-3s", None), (7, None)]
)
def test_say_how_long_to_wait(delay: Any, seconds: float | None) -> None:
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}
    said = error(429, "RESOURCE_EXHAUSTED", details=[{"reason": "RATE_LIMIT_EXCEEDED"}, info])
    assert GEMINI.refusal(429, said).retry_after == seconds
