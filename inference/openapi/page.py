"""The page for developers: every route, field, header and error of /v1, written from what the code knows."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ninja import NinjaAPI

from ..errors import ANTHROPIC_TYPES, TABLE
from . import headers
from .bodies import BODIES
from .document import PREFIX
from .fields import Body
from .prose import (
    AFTER_ERRORS,
    BEFORE_ERRORS,
    BEFORE_FIELDS,
    BEFORE_HEADERS,
    BEFORE_PARAMETERS,
    BEFORE_ROUTES,
    OPENING,
    STREAMS,
)
from .refusals import WHEN
from .routes import Registry, Route, registry
from .views import VIEWS
from .wording import kind

__all__ = ["page"]

_ALIASES = (f"{PREFIX}{PREFIX}/", f"{PREFIX}/user/keys")
_GROUPS = {"inference": "Answers of models", "models": "Models and prices", "desk": "The caller's own"}


def page(apis: Iterable[NinjaAPI]) -> str:
    """Return the page as Markdown."""
    known = registry(apis, prefix=PREFIX)
    parts = [
        OPENING,
        BEFORE_ROUTES,
        *_routes(known),
        BEFORE_PARAMETERS,
        _parameters(known),
        BEFORE_FIELDS,
        *_bodies(known),
        BEFORE_ERRORS,
        _errors(),
        AFTER_ERRORS,
        BEFORE_HEADERS,
        _sent(),
        _answered(),
        STREAMS,
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _routes(known: Registry) -> Iterator[str]:
    for group, title in _GROUPS.items():
        methods: dict[tuple[str, str, str], list[str]] = {}
        for route in _told(known):
            if VIEWS[route.view].kind == group:
                row = (f"`{route.path}`", VIEWS[route.view].credential, route.text)
                methods.setdefault(row, []).append(f"`{route.method}`")
        rows = [(" ".join(names), *row) for row, names in methods.items()]
        yield f"### {title}\n\n" + _table(("Method", "Path", "Credential", "What it does"), rows)


def _parameters(known: Registry) -> str:
    paths: dict[tuple[str, str, str], list[str]] = {}
    for route in _told(known):
        own = [each for each in route.parameters if each["in"] == "query"]
        for each in (*own, *VIEWS[route.view].query):
            default = f"; `{each['schema']['default']}` if left out" if "default" in each["schema"] else ""
            mark = " *" if each["required"] else ""
            row = (f"`{each['name']}`{mark}", kind(each["schema"]) + default, each.get("description", ""))
            paths.setdefault(row, []).append(f"`{route.path.removeprefix(PREFIX)}`")
    rows = [(*row, ", ".join(found)) for row, found in paths.items()]
    return _table(("Parameter", "Type", "Meaning", "Of"), rows)


def _told(known: Registry) -> list[Route]:
    return [route for route in known.routes if not route.path.startswith(_ALIASES)]


def _bodies(known: Registry) -> Iterator[str]:
    told: set[str] = set()
    for route in _told(known):
        if route.view in told:
            continue
        told.add(route.view)
        if route.view in BODIES:
            yield _described(route, BODIES[route.view])
        elif route.body is not None:
            yield _of_schema(route, known.schemas)


def _described(route: Route, body: Body) -> str:
    rows = [
        (f"`{name}`" + (" *" if field.required else ""), kind(field.schema), field.use)
        for name, field in body.fields.items()
    ]
    rest = " ".join([*body.rules, body.rest])
    return f"### {route.method} {route.path}\n\n{_table(('Field', 'Type', 'What the gateway does'), rows)}\n\n{rest}"


def _of_schema(route: Route, schemas: Mapping[str, Any]) -> str:
    content = (route.body or {})["content"]["application/json"]["schema"]
    found = content if "$ref" in content else content["anyOf"][0]
    schema = schemas[found["$ref"].rpartition("/")[2]]
    rows = [(f"`{name}`", kind(each)) for name, each in schema["properties"].items()]
    return f"### {route.method} {route.path}\n\n{schema['description']}\n\n{_table(('Field', 'Type'), rows)}"


def _errors() -> str:
    rows = [
        (
            str(row.status),
            f"`{code}`",
            WHEN[code],
            f"`{row.type}` / `{row.code or code}`",
            f"`{ANTHROPIC_TYPES.get(row.status, 'api_error')}`",
            "yes" if row.retry else "no",
        )
        for code, row in TABLE.items()
    ]
    return _table(("Status", "`X-Error-Code`", "When", "OpenAI type / code", "Anthropic type", "Retry"), rows)


def _sent() -> str:
    rows = [(f"`{name}`", text) for name, (_, text) in headers.REQUEST.items()]
    return _table(("Sent by the caller", "What it does"), rows)


def _answered() -> str:
    rows = [(f"`{name}`", text) for name, (_, text) in headers.ANSWER.items()]
    return _table(("On answers", "What it says"), rows)


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join("| " + " | ".join(_cell(each) for each in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
