"""The headers of requests and of answers, each with what it says."""

from collections.abc import Iterable, Mapping
from typing import Any

from billing.idempotency import HOURS, KEY_LENGTH

from ..pipeline import TAG_LENGTH
from .schemas import TEXT, WORD, Schema, choice, fixed, whole

__all__ = ["ALWAYS", "ANSWER", "REFUSAL", "REQUEST", "components", "references", "sent"]

_UUID: Schema = {"type": "string", "format": "uuid"}

# What a caller may send, by name: its schema and what it does.
REQUEST: Mapping[str, tuple[Schema, str]] = {
    "Idempotency-Key": (
        {"type": "string", "maxLength": KEY_LENGTH},
        f"Printable characters; a second request with the same key within {HOURS} hours is a 409 that names the first.",
    ),
    "X-Tollway-Tag": (
        {"type": "string", "maxLength": TAG_LENGTH},
        "A word of the caller's own, in printable characters, to find the request by; else the key's default tag.",
    ),
    "X-Workspace": (
        TEXT,
        "With an access token: slug or id of another of the person's workspaces. A key has one workspace.",
    ),
    "If-None-Match": (TEXT, "An `ETag` of before; where it still holds the answer is 304 without a body."),
}
# What answers carry, by name: its schema and what it says.
ANSWER: Mapping[str, tuple[Schema, str]] = {
    "X-Request-Id": (_UUID, "The id of the request; `/v1/generation` finds it by this."),
    "x-router-request-id": (_UUID, "The same."),
    "request-id": (_UUID, "The same, on `/v1/messages*`, where Anthropic's SDKs look for it."),
    "Cache-Control": (WORD, "`no-store` on everything that a credential was sent for."),
    "Vary": (fixed("Authorization, X-API-Key, Cookie"), "Credentials make another answer."),
    "Access-Control-Allow-Origin": (fixed("*"), "Any page may call, without the browser's credentials."),
    "X-Tollway-Degraded": (
        WORD,
        "The degraded modes that the process which answered is in, comma-separated; absent in health.",
    ),
    "X-Error-Code": (WORD, "The code of a refusal."),
    "x-should-retry": (
        choice(["true", "false"]),
        "Whether the same request may do better later; SDKs obey it.",
    ),
    "Retry-After": (whole(1), "Seconds to wait where it may."),
    "Allow": (TEXT, "With 405: the methods of this path."),
    "ETag": (WORD, "What this body is; see `If-None-Match`."),
    "X-Tollway-Provider": (WORD, "The provider that answered."),
    "X-Tollway-Attempts": (TEXT, "Every provider that was tried, in order, as `provider:outcome`."),
    "X-Tollway-Overhead-Ms": (whole(), "Milliseconds spent here and not at the provider."),
    "X-Tollway-Cost": (
        {"type": "string", "pattern": r"^[0-9]+\.[0-9]{9}$"},
        "The cost in USD; that of a stream is known at its end, by `/v1/generation`.",
    ),
    "X-Tollway-Truncated": (whole(1), "How many messages were dropped to fit the context."),
    "x-router-model": (WORD, "The public id of the model that answered."),
    "x-router-provider": (WORD, "The same as `X-Tollway-Provider`."),
    "x-router-fallback": (choice(["true", "false"]), "Whether another provider than the first answered."),
    "x-router-latency-ms": (whole(), "Milliseconds from arrival to the first byte of the answer."),
    "RateLimit-Limit": (
        whole(),
        "The cap of the tightest window, in weighted requests; absent without caps.",
    ),
    "RateLimit-Remaining": (whole(), "What is left of it."),
    "RateLimit-Reset": (whole(), "Seconds until it begins anew."),
    "x-ratelimit-limit-requests": (whole(), "The same as `RateLimit-Limit`."),
    "x-ratelimit-remaining-requests": (whole(), "The same as `RateLimit-Remaining`."),
    "x-ratelimit-reset-requests": (
        {"type": "string", "pattern": "^[0-9]+s$"},
        "The same as `RateLimit-Reset`, like `12s`.",
    ),
}
ALWAYS = (
    *("X-Request-Id", "x-router-request-id", "X-Tollway-Degraded"),
    *("Cache-Control", "Vary", "Access-Control-Allow-Origin"),
)
REFUSAL = (*ALWAYS, "x-should-retry")
# What not every answer of its kind has.
_SOMETIMES = frozenset(name for name in ANSWER if name.lower().startswith(("ratelimit", "x-ratelimit"))) | {
    "Retry-After",
    "X-Tollway-Degraded",
    "X-Tollway-Truncated",
    "X-Tollway-Cost",
    "X-Tollway-Attempts",
}


def references(names: Iterable[str]) -> dict[str, Any]:
    """Return the headers of an answer as references into the document."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def sent(name: str) -> dict[str, Any]:
    """Return a header of a request as a parameter."""
    schema, text = REQUEST[name]
    return {"name": name, "in": "header", "required": False, "schema": schema, "description": text}


def components() -> dict[str, Any]:
    """Return every header of answers as the document has it."""
    return {
        name: {"description": text, "required": name not in _SOMETIMES, "schema": schema}
        for name, (schema, text) in ANSWER.items()
    }
