"""What each view is besides its address: who may call it, what it refuses with, what its answers carry."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..shelf import filters
from . import refusals
from .schemas import TEXT, Schema, choice, whole

__all__ = ["VIEWS", "Credential", "View"]

Credential = Literal["anybody", "key or token", "token", "key"]
Kind = Literal["inference", "models", "desk"]


@dataclass(frozen=True, slots=True)
class View:
    """A view: its room in the document, its callers, the codes of its refusals, what it reads and what it adds.

    `missing` names the schema of a 404 that is the same in every style.
    """

    kind: Kind
    credential: Credential
    codes: tuple[str, ...]
    headers: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    query: tuple[dict[str, Any], ...] = ()
    missing: str = ""
    anthropic: bool = False


def _query(name: str, schema: Schema, text: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": text}


_AMOUNT: Schema = {"type": "string", "pattern": f"^{filters.AMOUNT.pattern}$"}
_FILTERS = (
    _query("q", TEXT, "Every word occurs in id, alias, name, author or description."),
    _query("supported_parameters", TEXT, "Comma-separated; the model has all of them."),
    _query("input_modalities", TEXT, "Comma-separated; the model takes all of them."),
    _query("output_modalities", TEXT, "Comma-separated; the model gives all of them. `all` is no filter."),
    _query("category", choice(filters.CATEGORIES), "A fact of the model."),
    _query("provider", TEXT, "Comma-separated slugs; one of them serves the model."),
    _query("context", whole(0, filters.GREATEST), "The least context length in tokens."),
    _query("min_price", _AMOUNT, "The least list price of input, USD per million tokens."),
    _query("max_price", _AMOUNT, "The greatest list price of input, USD per million tokens."),
    _query("sort", choice(filters.SORTS), "The order; by id without it."),
    _query("offset", whole(0, filters.GREATEST), "How many models to leave out first."),
    _query("limit", whole(1, filters.MOST_ITEMS), "How many to list at most."),
    _query("use_rss", choice(filters.TRUTHS), "Answers as `/v1/models.rss` does."),
)
_RUN = (
    *("X-Tollway-Provider", "X-Tollway-Attempts", "X-Tollway-Overhead-Ms"),
    *("x-router-model", "x-router-provider", "x-router-fallback", "x-router-latency-ms"),
    *("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"),
    *("x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    *("X-Tollway-Cost", "X-Tollway-Truncated"),
)
_SENT = ("Idempotency-Key", "X-Tollway-Tag", "X-Workspace")
_STREAMED = (*refusals.SERVING, "CONTEXT_LENGTH_EXCEEDED", "CONCURRENT_STREAM_LIMIT_EXCEEDED")
_SHOWN = {"headers": ("ETag",), "reads": ("If-None-Match", "X-Workspace")}


def _shelf(credential: Credential, **more: Any) -> View:
    return View("models", credential, refusals.CREDENTIAL, **{**_SHOWN, **more})


def _serving(codes: tuple[str, ...], **more: Any) -> View:
    return View("inference", "key or token", codes, headers=_RUN, reads=_SENT, **more)


def _desk(credential: Credential = "key or token", *codes: str) -> View:
    known = refusals.CREDENTIAL if credential == "key or token" else refusals.PERSON
    return View("desk", credential, (*known, *codes), reads=("X-Workspace",))


VIEWS: Mapping[str, View] = {
    "api.chat_completions": _serving(_STREAMED),
    "api.completions": _serving(_STREAMED),
    "api.responses": _serving(_STREAMED),
    "api.kept_responses": View("inference", "key or token", refusals.CREDENTIAL, reads=("X-Workspace",)),
    "api.messages": _serving(_STREAMED, anthropic=True),
    "api.count_tokens": View(
        "inference",
        "key or token",
        (*refusals.CREDENTIAL, "INVALID_MODEL", "MODEL_NOT_ALLOWED", "PROVIDER_ERROR"),
        reads=("X-Workspace",),
        anthropic=True,
    ),
    "api.embeddings": _serving(refusals.SERVING),
    "api.rerank": _serving(refusals.SERVING),
    "api.images": _serving(refusals.SERVING),
    "api.models": _shelf("anybody", query=_FILTERS),
    "api.model_changes": _shelf("anybody", query=_FILTERS),
    "api.model_count": _shelf("key or token", query=_FILTERS),
    "api.model": _shelf("key or token", missing="ModelNotFound"),
    "api.model_endpoints": _shelf("key or token", missing="ModelNotFound"),
    "api.providers": _shelf("key or token"),
    "api.pricing": _shelf("key or token"),
    "api.status": _shelf("anybody", headers=(), reads=("X-Workspace",)),
    "api.settings": _shelf("anybody"),
    "api.described": _shelf("anybody"),
    "keys.create": _desk("token", "RATE_LIMIT_ERROR", "CONFLICT"),
    "keys.everything": _desk("token"),
    "keys.revoke_all": _desk("token"),
    "keys.revoke": _desk("token"),
    "keys.rotate": _desk("token"),
    "keys.limit": _desk("token"),
    "streams.kill": _desk(),
    "self.key": _desk("key"),
    "self.credit": _desk(),
    "self.user": _desk("token"),
    "self.user_credits": _desk(),
    "usage.by_day": _desk(),
    "usage.of_period": _desk(),
    "usage.requests": _desk(),
    "usage.requests_this_hour": _desk(),
    "receipts.generation": _desk(),
    "explain.charge": _desk("key or token", "INVALID_MODEL"),
    "explain.denial": _desk(),
    "simulate.simulate": _desk(),
}
