"""The OpenAPI document of what REST framework serves, at /api/schema."""

import re
from collections.abc import Iterator

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.validation import validate_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.views import APIView

from accounts.rest_route import Nowhere


def routes(resolver: URLResolver, prefix: str = "/") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        place = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, place)
        elif isinstance(pattern, URLPattern):
            view = getattr(pattern.callback, "cls", object)
            if issubclass(view, APIView) and not issubclass(view, SpectacularAPIView | Nowhere):
                yield place


def test_has_every_route_and_no_other(client: Client) -> None:
    document = client.get("/api/schema").json()
    declared = {re.sub(r"<str:(\w+)>", r"{\1}", path) for path in routes(get_resolver())}
    assert set(document["paths"]) == declared != set()


def test_is_a_document_of_openapi(client: Client) -> None:
    answer = client.get("/api/schema")
    assert answer.status_code == 200
    assert answer.json()["openapi"] == "3.1.0"
    validate_schema(answer.json())  # type: ignore[no-untyped-call]


def test_says_of_every_route_how_it_refuses(client: Client) -> None:
    document = client.get("/api/schema").json()
    for methods in document["paths"].values():
        for told in methods.values():
            assert {"400", "401", "429", "500", "503"} <= told["responses"].keys()
            assert told["responses"]["400"]["headers"]["X-Error-Code"]["required"] is True
