"""Which routes there are: read from the registries of the two ninja APIs, so that none can be forgotten."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

__all__ = ["Registry", "Route", "registry"]

# It answers as GET does, without a body.
_UNTOLD = "head"


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path; `view` names the module and function that answer."""

    method: str
    path: str
    view: str
    text: str
    parameters: tuple[dict[str, Any], ...]
    body: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Registry:
    """All routes, and the schemas that their bodies refer to."""

    routes: tuple[Route, ...]
    schemas: dict[str, Any]


class _Told(OpenAPISchema):
    """ninja's own document, with the view of each operation in it."""

    def operation_details(self, operation: Operation) -> dict[str, Any]:
        """Return what ninja knows; a view may well answer on several paths, so no name counts as taken."""
        self.all_operation_ids.clear()
        view = operation.view_func
        name = f"{view.__module__.rpartition('.')[2]}.{view.__name__}"
        return {**super().operation_details(operation), "view": name}


def registry(apis: Iterable[NinjaAPI], *, prefix: str) -> Registry:
    """Return the routes of these APIs under a prefix, in the order of their paths."""
    told = [_Told(api, "") for api in apis]
    routes = [
        _route(method, prefix + path, details)
        for document in told
        for path, operations in document["paths"].items()
        for method, details in operations.items()
        if method != _UNTOLD
    ]
    schemas: dict[str, Any] = {}
    for document in told:
        schemas |= document["components"]["schemas"]
    return Registry(tuple(sorted(routes, key=lambda route: (route.path, route.method))), schemas)


def _route(method: str, path: str, details: dict[str, Any]) -> Route:
    return Route(
        method=method.upper(),
        path=path,
        view=details["view"],
        text=details.get("description", ""),
        parameters=tuple(details["parameters"]),
        body=details.get("requestBody"),
    )
