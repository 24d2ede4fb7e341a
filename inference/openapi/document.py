"""The OpenAPI document of /v1: the routes that there are, with all that is known of them."""

from collections.abc import Iterable
from typing import Any

from ninja import NinjaAPI

from . import answers, headers, refusals
from .answers import ANSWERS
from .bodies import BODIES
from .bodies import chat as chat_body
from .bodies import messages as messages_body
from .routes import Registry, Route, registry
from .schemas import named
from .views import VIEWS, View

__all__ = ["PREFIX", "TITLE", "document"]

PREFIX = "/v1"
TITLE = "Tollway"
VERSION = "1"
_ABOUT = (
    "A gateway that sells access to language models. Change `base_url` and the key of an OpenAI client to use it."
    " GET routes answer HEAD as well, and every route answers OPTIONS with leave for pages to call."
    " Errors come in the caller's style: OpenAI's envelope where `Accept` names JSON or event streams, where the"
    " body asks for a stream, or for known SDKs; Anthropic's on `/v1/messages*`; else the message as plain text."
)
_KINDS = {
    "inference": "Answers of models; these cost.",
    "models": "What is sold, at which price, and how the service is.",
    "desk": "What a caller has: keys, credit, usage, receipts, reasons.",
}
_SECURITY_SCHEMES = {
    "ApiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "`rk_` and 64 hex digits.",
    },
    "Bearer": {"type": "http", "scheme": "bearer", "description": "The same key as a bearer."},
    "AccessToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The access token of `POST /auth/login`.",
    },
}
_KEYS: list[dict[str, list[str]]] = [{"ApiKey": []}, {"Bearer": []}]
_TOKEN: dict[str, list[str]] = {"AccessToken": []}
_SECURITY: dict[str, list[dict[str, list[str]]]] = {
    "anybody": [{}, *_KEYS, _TOKEN],
    "key or token": [*_KEYS, _TOKEN],
    "key": _KEYS,
    "token": [_TOKEN],
}


def document(apis: Iterable[NinjaAPI]) -> dict[str, Any]:
    """Return the document. Raises KeyError for a route that nobody has described."""
    known = registry(apis, prefix=PREFIX)
    refused = _Refused()
    paths: dict[str, dict[str, Any]] = {}
    for route in known.routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, VIEWS[route.view], refused)
    return {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": VERSION, "description": _ABOUT},
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in _KINDS.items()],
        "paths": paths,
        "components": {
            "securitySchemes": _SECURITY_SCHEMES,
            "headers": headers.components(),
            "parameters": {name: headers.sent(name) for name in headers.REQUEST},
            "responses": refused.responses,
            "schemas": _schemas(known),
        },
    }


class _Refused:
    """The refusals of all routes, each kept once: many routes refuse alike."""

    def __init__(self) -> None:
        self.responses: dict[str, Any] = {}

    def of(self, view: View) -> dict[str, Any]:
        """Return the refusals of a view by status, as references."""
        found = refusals.responses(view.codes, anthropic=view.anthropic, missing=view.missing)
        return {status: self._kept(status, response) for status, response in found.items()}

    def _kept(self, status: str, response: dict[str, Any]) -> dict[str, str]:
        alike = [name for name in self.responses if name.startswith(f"Refused{status}")]
        name = next((name for name in alike if self.responses[name] == response), None)
        name = name or f"Refused{status}{chr(ord('A') + len(alike))}"
        self.responses[name] = response
        return {"$ref": f"#/components/responses/{name}"}


def _operation(route: Route, view: View, refused: _Refused) -> dict[str, Any]:
    body = _body(route)
    return {
        "operationId": _name(route),
        "summary": route.text.partition(".")[0].partition(";")[0],
        "description": route.text,
        "tags": [view.kind],
        "security": _SECURITY[view.credential],
        "parameters": [*route.parameters, *view.query, *map(_sent, view.reads)],
        **({"requestBody": body} if body else {}),
        "responses": {**_found(route, view), **refused.of(view)},
    }


def _name(route: Route) -> str:
    words = [word.strip("{}") for word in route.path.removeprefix(PREFIX).replace(".", "/").split("/")]
    return "_".join([route.method.lower(), *(word for word in words if word)])


def _body(route: Route) -> dict[str, Any] | None:
    described = BODIES.get(route.view)
    if described is None:
        return route.body
    content = {"schema": named(described.name), "example": dict(described.example)}
    required = any(field.required for field in described.fields.values())
    return {"required": required, "content": {"application/json": content}}


def _found(route: Route, view: View) -> dict[str, Any]:
    content = ANSWERS.get(route.view)
    if content is None:
        return {}
    names = [*headers.ALWAYS, *view.headers, *(["request-id"] if view.anthropic else [])]
    found: dict[str, Any] = {
        "description": "The answer.",
        "headers": headers.references(names),
        "content": {kind: {"schema": schema} for kind, schema in content.items()},
    }
    if "ETag" not in view.headers:
        return {"200": found}
    fresh = {"description": "What `If-None-Match` names still holds.", "headers": headers.references(names)}
    return {"200": found, "304": fresh}


def _sent(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/parameters/{name}"}


def _schemas(known: Registry) -> dict[str, Any]:
    bodies = {body.name: body.schema() for body in BODIES.values()}
    parts = {**chat_body.SCHEMAS, **messages_body.SCHEMAS}
    return {**known.schemas, **bodies, **parts, **answers.SCHEMAS, **refusals.SCHEMAS}
