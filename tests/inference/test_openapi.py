"""The description of /v1: the OpenAPI document and the page for developers."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest
from django.core.management import call_command

from inference.api import api
from inference.desk.api import api as desk
from inference.dialects import Dialect
from inference.dialects.chat import CHAT
from inference.dialects.completions import COMPLETIONS
from inference.dialects.embeddings import EMBEDDINGS
from inference.dialects.images import IMAGES
from inference.dialects.messages import MESSAGES
from inference.dialects.rerank import RERANK
from inference.dialects.responses import RESPONSES
from inference.errors import TABLE
from inference.openapi.answers import ANSWERS
from inference.openapi.bodies import BODIES
from inference.openapi.document import PREFIX, document
from inference.openapi.page import page
from inference.openapi.refusals import WHEN
from inference.openapi.routes import registry
from inference.openapi.views import VIEWS
from inference.openapi.wording import kind

PAGE = Path(__file__).resolve().parents[2] / "docs" / "api.md"
DIALECTS: dict[str, Dialect] = {
    "api.chat_completions": CHAT,
    "api.completions": COMPLETIONS,
    "api.embeddings": EMBEDDINGS,
    "api.images": IMAGES,
    "api.messages": MESSAGES,
    "api.rerank": RERANK,
    "api.responses": RESPONSES,
}
ANSWERS_NOTHING = {"api.kept_responses"}


@cache
def described() -> dict[str, Any]:
    return document([api, desk])


def operations() -> dict[tuple[str, str], dict[str, Any]]:
    paths = described()["paths"]
    return {(method, path): told for path, methods in paths.items() for method, told in methods.items()}


def resolved(part: Any) -> Any:
    while isinstance(part, dict) and "$ref" in part:
        _, _, *steps = part["$ref"].split("/")
        part = described()["components"]
        for step in steps:
            part = part[step]
    return part


def validator(name: str) -> jsonschema_rs.Validator:
    components = described()["components"]
    return jsonschema_rs.validator_for({**components["schemas"][name], "components": components})


def test_has_every_route_and_no_other() -> None:
    views = {route.view for route in registry([api, desk], prefix=PREFIX).routes}
    assert views == VIEWS.keys()
    assert views - ANSWERS_NOTHING == ANSWERS.keys()
    assert BODIES.keys() <= views


def test_says_of_every_route_what_it_is_for() -> None:
    assert not [place for place, told in operations().items() if not told["description"]]
    names = [told["operationId"] for told in operations().values()]
    assert len(names) == len(set(names))


def test_refers_only_to_what_it_has() -> None:
    text = orjson.dumps(described()).decode()
    components = described()["components"]
    for kind_of, name in set(re.findall(r'"#/components/(\w+)/([\w-]+)"', text)):
        assert name in components[kind_of]


def test_is_made_of_schemas_that_can_be_read() -> None:
    for name in described()["components"]["schemas"]:
        jsonschema_rs.meta.validate(described()["components"]["schemas"][name])
        validator(name)


def test_tells_when_each_code_of_the_table_comes() -> None:
    assert WHEN.keys() == TABLE.keys()
    told = {
        code
        for operation in operations().values()
        for response in map(resolved, operation["responses"].values())
        for code in response.get("headers", {}).get("X-Error-Code", {}).get("schema", {}).get("enum", ())
    }
    assert told == TABLE.keys() - {"METHOD_NOT_ALLOWED"}


def test_asks_for_a_credential_where_one_is_needed() -> None:
    anonymous = {path for (_, path), told in operations().items() if {} in told["security"]}
    assert anonymous == {
        f"{PREFIX}/{name}" for name in ("models", "models.rss", "status", "settings", "openapi.json")
    }
    by_token = {path for (_, path), told in operations().items() if told["security"] == [{"AccessToken": []}]}
    assert by_token == {path for _, path in operations() if re.match(r"/v1/user(/keys?(/.*)?)?$", path)}


@pytest.mark.parametrize("view", sorted(BODIES))
def test_gives_examples_that_its_own_schema_allows(view: str) -> None:
    body = BODIES[view]
    validator(body.name).validate(dict(body.example))


@pytest.mark.parametrize("view", sorted(DIALECTS))
def test_gives_examples_that_the_gateway_takes(view: str) -> None:
    assert DIALECTS[view].read(orjson.dumps(dict(BODIES[view].example))).model.startswith("route/")


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 4096}, "whole number 1–4,096"),
        ({"anyOf": [{"type": "boolean"}, {"type": "null"}]}, "true or false"),
        ({"type": "array", "items": {"type": "string"}, "maxItems": 2}, "list of string (at most 2)"),
        ({"type": "string", "enum": ["a", "b"]}, "`a`, `b`"),
        ({}, "anything"),
    ],
)
def test_words_a_schema_for_people(schema: dict[str, Any], words: str) -> None:
    assert kind(schema) == words


def test_is_what_the_page_for_developers_says() -> None:
    assert PAGE.read_text() == page([api, desk]), "docs/api.md differs from the code: run `make docs`"


def test_is_written_where_it_is_wanted(tmp_path: Path) -> None:
    call_command("api_page", write=tmp_path / "page.md")
    assert (tmp_path / "page.md").read_text() == PAGE.read_text()


def test_keeps_the_page_short_enough_to_read() -> None:
    assert len(PAGE.read_text().splitlines()) < 500
