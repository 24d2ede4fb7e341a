"""When a request is refused: in words for every code of the table, and which kinds of route refuse with which."""

from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import ANTHROPIC_TYPES, TABLE
from . import headers
from .schemas import TEXT, WORD, Schema, choice, fixed, named, nullable, record

__all__ = ["CREDENTIAL", "GENERAL", "PERSON", "SCHEMAS", "SERVING", "WHEN", "responses"]

WHEN: Mapping[str, str] = {
    "INVALID_MODEL": "the model is unknown, has no price, or is of another kind than the route",
    "VALIDATION_ERROR": "a body, parameter or header is wrong; the message names it",
    "CONTEXT_LENGTH_EXCEEDED": "the prompt does not fit the model, and nothing may be dropped",
    "AUTHENTICATION_ERROR": "no credential, or one that is malformed, unknown, revoked or expired",
    "INSUFFICIENT_CREDITS": "the request alone needs more than there is; the message has required, available, shortfall",
    "CREDITS_HELD": "it would fit, but running requests hold the credit",
    "MODEL_NOT_ALLOWED": "plan or key does not include the model; the message names the lowest plan that does",
    "AUTHORIZATION_ERROR": "the credential is good and may not do this",
    "WORKSPACE_SUSPENDED": "the workspace is suspended or closed",
    "NOT_FOUND": "there is no such path or object; others' look the same as missing ones",
    "METHOD_NOT_ALLOWED": "the path does not take this method; `Allow` has those it takes",
    "REQUEST_TIMEOUT": "the body did not come in time",
    "CONFLICT": "the `Idempotency-Key` was used before, or the state does not allow it",
    "PAYLOAD_TOO_LARGE": "the body is larger than this route reads",
    "UNSUPPORTED_MEDIA_TYPE": "the body says it is something other than JSON",
    "MINUTE_REQUEST_LIMIT_EXCEEDED": "the plan's cap of a minute is reached; the message has limit, used, reset",
    "HOURLY_REQUEST_LIMIT_EXCEEDED": "the same of an hour",
    "DAILY_REQUEST_LIMIT_EXCEEDED": "the same of a UTC day",
    "CONCURRENT_STREAM_LIMIT_EXCEEDED": "all streams of the plan are in use",
    "KEY_BUDGET_EXCEEDED": "the key's own spend limit is reached",
    "RATE_LIMIT_ERROR": "too many sign-ins or new keys in a minute",
    "INTERNAL_ERROR": "something failed on our side; the id finds it in our log",
    "PROVIDER_ERROR": "every provider of the model failed; `X-Tollway-Attempts` lists how",
    "UNAVAILABLE": "the gateway cannot let anything in safely now, or restarts",
    "PROVIDER_TIMEOUT": "the providers did not answer in time",
}
GENERAL = ("REQUEST_TIMEOUT", "PAYLOAD_TOO_LARGE", "INTERNAL_ERROR", "UNAVAILABLE")
CREDENTIAL = (
    *("VALIDATION_ERROR", "AUTHENTICATION_ERROR", "WORKSPACE_SUSPENDED", "NOT_FOUND"),
    *GENERAL,
)
PERSON = (*CREDENTIAL, "AUTHORIZATION_ERROR")
SERVING = (
    *PERSON,
    *("INVALID_MODEL", "MODEL_NOT_ALLOWED", "INSUFFICIENT_CREDITS", "CREDITS_HELD", "CONFLICT"),
    *("UNSUPPORTED_MEDIA_TYPE", "MINUTE_REQUEST_LIMIT_EXCEEDED", "HOURLY_REQUEST_LIMIT_EXCEEDED"),
    *("DAILY_REQUEST_LIMIT_EXCEEDED", "KEY_BUDGET_EXCEEDED", "PROVIDER_ERROR", "PROVIDER_TIMEOUT"),
)

_MESSAGE: Schema = {**TEXT, "description": "What was wrong, for people."}
_OPENAI = record(
    error=record(
        message=_MESSAGE,
        type=choice(sorted({kind.type for kind in TABLE.values()})),
        param=nullable(TEXT),
        code=choice(sorted({kind.code or code for code, kind in TABLE.items()})),
    )
)
_ANTHROPIC = record(
    type=fixed("error"),
    error=record(type=choice(sorted({*ANTHROPIC_TYPES.values(), "api_error"})), message=_MESSAGE),
    request_id={"type": "string", "format": "uuid"},
)
SCHEMAS: Mapping[str, Schema] = {
    "OpenAIError": _OPENAI,
    "AnthropicError": _ANTHROPIC,
    "ModelNotFound": record(error=fixed("Model not found")),
}
_ATTEMPTS = {"PROVIDER_ERROR", "PROVIDER_TIMEOUT", "CONTEXT_LENGTH_EXCEEDED", "VALIDATION_ERROR"}


def responses(codes: Iterable[str], *, anthropic: bool, missing: str = "") -> dict[str, Any]:
    """Return the answers of a route that refuses with these codes, by status.

    `anthropic` is the one style that Messages have; `missing` is the schema of a 404 that is the same in every style.
    """
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(TABLE[code].status, []).append(code)
    return {
        str(status): _response(
            status, sorted(by_status[status]), anthropic=anthropic, missing=missing if status == 404 else ""
        )
        for status in sorted(by_status)
    }


def _response(status: int, codes: list[str], *, anthropic: bool, missing: str) -> dict[str, Any]:
    names = [*headers.REFUSAL, *(["request-id"] if anthropic else [])]
    names += ["Retry-After"] if any(TABLE[code].retry or status == 429 for code in codes) else []
    names += ["X-Tollway-Attempts"] if _ATTEMPTS & set(codes) else []
    code = {"description": "The code.", "required": True, "schema": choice(codes)}
    return {
        "description": "; or ".join(f"`{each}`: {WHEN[each]}" for each in codes) + ".",
        "headers": {**headers.references(names), "X-Error-Code": code},
        "content": _content(anthropic=anthropic, missing=missing),
    }


def _content(*, anthropic: bool, missing: str) -> dict[str, Any]:
    if anthropic:
        return {"application/json": {"schema": named("AnthropicError")}}
    known = [named("OpenAIError"), *([named(missing)] if missing else [])]
    return {
        "application/json": {"schema": {"anyOf": known} if missing else known[0]},
        "text/plain": {"schema": {**WORD, "description": "The message alone."}},
    }
