"""Every way a request can fail: status, code, and how the answer is worded for each kind of caller."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import orjson

__all__ = [
    "ANTHROPIC_PATHS",
    "ANTHROPIC_TYPES",
    "HUB_PATHS",
    "HUB_SESSIONS",
    "TABLE",
    "Failure",
    "Style",
    "anthropic_envelope",
    "envelope",
    "render",
    "style",
    "too_long",
]

Style = Literal["text", "openai", "anthropic", "hub"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A row of the table: HTTP status, OpenAI's type, OpenAI's code where it has one, worth trying again."""

    status: int
    type: str
    code: str = ""
    retry: bool = False


_INVALID = "invalid_request_error"
_LIMIT = "rate_limit_error"

TABLE: Mapping[str, Kind] = {
    "INVALID_MODEL": Kind(400, _INVALID, "model_not_found"),
    "VALIDATION_ERROR": Kind(400, _INVALID),
    "CONTEXT_LENGTH_EXCEEDED": Kind(400, _INVALID, "context_length_exceeded"),
    "AUTHENTICATION_ERROR": Kind(401, "authentication_error", "invalid_api_key"),
    "INSUFFICIENT_CREDITS": Kind(402, "insufficient_quota", "insufficient_quota"),
    "CREDITS_HELD": Kind(402, "insufficient_quota", retry=True),
    "MODEL_NOT_ALLOWED": Kind(403, "permission_error"),
    "AUTHORIZATION_ERROR": Kind(403, "permission_error"),
    "WORKSPACE_SUSPENDED": Kind(403, "permission_error"),
    "NOT_FOUND": Kind(404, _INVALID),
    "METHOD_NOT_ALLOWED": Kind(405, _INVALID),
    "REQUEST_TIMEOUT": Kind(408, _INVALID),
    "CONFLICT": Kind(409, _INVALID),
    "PAYLOAD_TOO_LARGE": Kind(413, _INVALID),
    "UNSUPPORTED_MEDIA_TYPE": Kind(415, _INVALID),
    "MINUTE_REQUEST_LIMIT_EXCEEDED": Kind(429, _LIMIT, "rate_limit_exceeded", retry=True),
    "HOURLY_REQUEST_LIMIT_EXCEEDED": Kind(429, _LIMIT, "rate_limit_exceeded"),
    "DAILY_REQUEST_LIMIT_EXCEEDED": Kind(429, _LIMIT, "rate_limit_exceeded"),
    "CONCURRENT_STREAM_LIMIT_EXCEEDED": Kind(429, _LIMIT, "rate_limit_exceeded", retry=True),
    "KEY_BUDGET_EXCEEDED": Kind(429, _LIMIT, "rate_limit_exceeded"),
    "RATE_LIMIT_ERROR": Kind(429, _LIMIT, "rate_limit_exceeded"),
    "INTERNAL_ERROR": Kind(500, "api_error"),
    "PROVIDER_ERROR": Kind(502, "api_error"),
    "UNAVAILABLE": Kind(503, "api_error", retry=True),
    "PROVIDER_TIMEOUT": Kind(504, "api_error"),
}

# Clients that send `Accept: */*` and yet expect OpenAI's envelope.
_SDK_AGENTS = (
    "openai",
    "ai-sdk",
    "ai/",
    "langchain",
    "litellm",
    "llamaindex",
    "opencode",
    "codex",
    "pydantic-ai",
)
ANTHROPIC_PATHS = ("/v1/messages", "/v1/v1/messages")
HUB_PATHS = frozenset(("/models", "/chat", "/code", "/usage/me"))
HUB_SESSIONS = "/sessions/"
# The hub's clients know one status for what they may not do and what they cannot pay.
_HUB_STATUS = {402: 403}
# Anthropic's own word for each status; what it has none for is its api_error.
ANTHROPIC_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    408: "timeout_error",
    409: "invalid_request_error",
    413: "request_too_large",
    415: "invalid_request_error",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}
_STREAM = re.compile(rb'"stream"\s*:\s*true')


@dataclass(eq=False)
class Failure(Exception):
    """A request that ends in an error; `code` is a key of the table, `message` is for the caller."""

    code: str
    message: str
    param: str | None = None
    retry_after: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """The row of the table."""
        return TABLE[self.code]


def style(*, path: str, accept: str, agent: str, body: bytes) -> Style:
    """Return how this caller wants errors: as its route's dialect has them, as OpenAI's SDKs do, or as plain text."""
    if path.startswith(ANTHROPIC_PATHS):
        return "anthropic"
    if path in HUB_PATHS or path.startswith(HUB_SESSIONS):
        return "hub"
    if "application/json" in accept or "text/event-stream" in accept:
        return "openai"
    if agent.lower().startswith(_SDK_AGENTS) or _STREAM.search(body):
        return "openai"
    return "text"


def too_long(context: int) -> str:
    """Return OpenAI's sentence for a prompt that does not fit, by which clients know it; context in tokens."""
    return f"This model's maximum context length is {context} tokens."


def envelope(failure: Failure) -> bytes:
    """Return a failure as the JSON object of OpenAI's errors."""
    kind = failure.kind
    error = {
        "message": failure.message,
        "type": kind.type,
        "param": failure.param,
        "code": kind.code or failure.code,
    }
    return orjson.dumps({"error": error})


def anthropic_envelope(failure: Failure, request_id: str) -> bytes:
    """Return a failure as the JSON object of Anthropic's errors."""
    kind = ANTHROPIC_TYPES.get(failure.kind.status, "api_error")
    error = {"type": kind, "message": failure.message}
    return orjson.dumps({"type": "error", "error": error, "request_id": request_id})


def hub_envelope(failure: Failure) -> bytes:
    """Return a failure as the JSON object of the hub's errors."""
    return orjson.dumps({"error": {"code": failure.code, "message": failure.message}})


def render(failure: Failure, style: Style, request_id: str) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return status, headers and body of a failure; the request's own headers are added by whoever sends it."""
    kind = failure.kind
    headers = [
        ("X-Error-Code", failure.code),
        ("x-should-retry", "true" if kind.retry else "false"),
        *failure.headers.items(),
    ]
    if failure.retry_after is not None:
        headers.append(("Retry-After", str(max(1, failure.retry_after))))
    if style == "text":
        return (
            kind.status,
            [("Content-Type", "text/plain; charset=utf-8"), *headers],
            failure.message.encode(),
        )
    if style == "hub":
        status = _HUB_STATUS.get(kind.status, kind.status)
        return status, [("Content-Type", "application/json"), *headers], hub_envelope(failure)
    body = anthropic_envelope(failure, request_id) if style == "anthropic" else envelope(failure)
    return kind.status, [("Content-Type", "application/json"), *headers], body
