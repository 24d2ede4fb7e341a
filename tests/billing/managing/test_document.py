"""How a route of the management API stands in /api/schema: how it refuses, and which credentials open it."""

from typing import Any

from django.urls import path
from drf_spectacular.generators import SchemaGenerator
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.powers import Power
from billing.managing import document
from billing.managing.door import Managed


class Told(serializers.Serializer[Any]):
    id = serializers.CharField()


def described(*, keys: bool, **refusals: Any) -> dict[str, Any]:
    """Return what the document says of a route that is told so."""

    class Place(Managed):
        powers = {"get": Power.SEE}

        @document.tells(Told, name="read_it", keys=keys, **refusals)
        def get(self, request: Request) -> Response:
            """Tell it."""
            return Response(Told({"id": "1"}).data)

    untyped: Any = SchemaGenerator
    schema: dict[str, Any] = untyped(patterns=[path("api/it", Place.as_view())]).get_schema(public=True)
    told: dict[str, Any] = schema["paths"]["/api/it"]["get"]
    return told


def test_a_route_tells_how_it_refuses_by_the_status_that_is_sent() -> None:
    told = described(keys=False)
    assert (told["operationId"], told["tags"]) == ("read_it", ["management"])
    assert {"200", "400", "401", "403"} < told["responses"].keys()
    assert told["responses"].keys().isdisjoint({"404", "409"})
    more = described(keys=False, refusals={**document.MISSING, **document.CONFLICT})
    assert more["responses"].keys() - told["responses"].keys() == {"404", "409"}
    assert "token" in told["responses"]["401"]["description"]
    assert "role" in told["responses"]["403"]["description"]


def test_a_route_tells_whether_a_key_opens_it_too() -> None:
    assert described(keys=False)["security"] == [{"ManagementToken": []}]
    assert described(keys=True)["security"] == [{"ManagementToken": []}, {"Key": []}, {"KeyHeader": []}]
