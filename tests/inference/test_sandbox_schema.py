"""The sandbox's instances of JSON schemas: judged by pydantic, which made the schemas."""

from datetime import date
from enum import Enum
from typing import Annotated, Literal
from uuid import UUID

import orjson
import pytest
from pydantic import BaseModel, ConfigDict, Field

from inference.sandbox import schema


class Unit(Enum):
    CELSIUS = "celsius"
    FAHRENHEIT = "fahrenheit"


class Place(BaseModel):
    model_config = ConfigDict(extra="forbid")
    city: Annotated[str, Field(min_length=10, max_length=12)]
    country: str | None


class Tree(BaseModel):
    name: str
    left: "Tree | None"


class Forecast(BaseModel):
    model_config = ConfigDict(extra="forbid")
    place: Place
    unit: Unit
    kind: Literal["short", "long"]
    days: Annotated[int, Field(ge=3, le=7)]
    chance: Annotated[float, Field(ge=0, le=1)]
    step: Annotated[int, Field(gt=10, multiple_of=4)]
    below: Annotated[int, Field(lt=-5)]
    share: Annotated[float, Field(gt=0.25, lt=0.5)]
    on: date
    trace: UUID
    parts: Annotated[list[Place], Field(min_length=2)]
    extra: dict[str, int]
    sure: bool
    tree: Tree


def test_satisfies_types_bounds_choices_formats_and_references() -> None:
    made = schema.instance(Forecast.model_json_schema())
    forecast = Forecast.model_validate_json(orjson.dumps(made))
    assert len(forecast.parts) == 2


def test_ends_a_recursion_at_the_branch_that_can_end() -> None:
    assert schema.instance(Tree.model_json_schema()) == {"name": "sandbox", "left": None}


def test_ends_a_recursion_that_cannot_end() -> None:
    endless = {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}
    assert schema.instance(endless) is None


def test_bounds_how_wide_a_recursion_grows() -> None:
    twin = {"$ref": "#/$defs/twin"}
    wide = {**twin, "$defs": {"twin": {"type": "object", "properties": {"left": twin, "right": twin}}}}
    assert len(orjson.dumps(schema.instance(wide))) < 1_000_000


@pytest.mark.parametrize(
    ("written", "made"),
    [
        ({}, "sandbox"),
        ({"const": 7}, 7),
        ({"default": "x", "type": "string"}, "x"),
        ({"type": "object", "properties": {"a": {"type": "integer"}, "b": {}}, "required": ["a"]}, {"a": 1}),
        ({"type": "object", "properties": {"a": {"type": "integer"}}}, {"a": 1}),
        ({"properties": {"a": {"type": ["boolean", "null"]}}}, {"a": True}),
        ({"allOf": [{"type": "object", "properties": {"a": {}}}, {"required": ["a"]}]}, {"a": "sandbox"}),
        ({"oneOf": [{"type": "object"}, {"type": "number"}]}, 1),
        ({"type": "array", "items": {"type": "null"}}, []),
    ],
)
def test_is_small(written: dict[str, object], made: object) -> None:
    assert schema.instance(written) == made
