"""Addresses below /api at which there is nothing: refused in JSON, whoever asks and by whatever method."""

from typing import Any

import pytest
from django.test import Client

from tests.billing.managing.asking import ask, furnished

pytestmark = pytest.mark.django_db

NOWHERE = (
    "/api",
    "/api/",
    "/api/none",
    "/api/keys/",
    "/api/workspace/",
    "/api/keys/1/rotate/",
    "/api/keys/1/2/3",
    "/api//keys",
    "/api/KEYS",
    "/api/schema/",
    "/api/a%0Ab",
    "/api/%E2%82%AC",
    "/api/../api/none",
    "/api/none?modle=x",
)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND")


def refused(answer: Any, status: int, code: str) -> None:
    assert (answer.status_code, answer["X-Error-Code"]) == (status, code), answer.content
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("application/json", "no-store")
    assert answer["X-Request-Id"]


@pytest.mark.parametrize("path", NOWHERE)
def test_an_address_without_a_route_is_refused_in_json(path: str) -> None:
    place = furnished()
    for secret in (place.secret, None, "rkm_nonsense"):
        answer = ask("GET", path, secret, Accept="text/html")
        refused(answer, 404, "NOT_FOUND")
        assert answer.json() == {
            "detail": "There is no such route: GET /api/schema names those there are.",
            "code": "NOT_FOUND",
        }


@pytest.mark.parametrize("method", METHODS)
def test_no_method_finds_a_route_where_there_is_none(method: str) -> None:
    refused(ask(method, "/api/keys/", furnished().secret), 404, "NOT_FOUND")


def test_a_form_without_a_token_of_its_own_is_refused_in_json_too() -> None:
    strict = Client(enforce_csrf_checks=True)
    refused(strict.post("/api/none", {"name": "x"}), 404, "NOT_FOUND")
    refused(strict.post("/api/schema", {"name": "x"}), 405, "METHOD_NOT_ALLOWED")


def test_the_document_of_the_routes_is_read_and_nothing_else() -> None:
    for method in ("POST", "PUT", "DELETE"):
        answer = ask(method, "/api/schema", None)
        refused(answer, 405, "METHOD_NOT_ALLOWED")
        assert answer["Allow"] == "GET, HEAD"
        assert set(answer.json()) == {"detail", "code"}


def test_only_what_is_below_api_is_refused_so() -> None:
    answer = Client().get("/apis")
    assert (answer.status_code, answer["Content-Type"]) == (404, "text/html; charset=utf-8")
