"""How routes of the management API are described in /api/schema: by their token, and by what all of them refuse."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from accounts.rest_answers import answers

__all__ = ["CONFLICT", "MISSING", "tells"]

_View = TypeVar("_View", bound=Callable[..., Any])
_TOKEN: list[dict[str, list[str]]] = [{"ManagementToken": []}]
_KEYS: list[dict[str, list[str]]] = [{"Key": []}, {"KeyHeader": []}]
_ALWAYS = {
    401: "There is no token, one that has ended, or a key where none is good.",
    403: "The role or the scope of the token does not allow it, or the workspace is suspended.",
}
MISSING = {404: "There is none in this workspace."}
CONFLICT = {409: "The workspace has as many as it may have, or the change meets another."}


def tells(
    found: type[serializers.Serializer[Any]] | OpenApiTypes,
    *,
    name: str,
    form: type[serializers.Serializer[Any]] | None = None,
    status: int | tuple[int, str] = 200,
    asked: Sequence[OpenApiParameter] = (),
    refusals: Mapping[int, str] = {},
    keys: bool = False,
) -> Callable[[_View], _View]:
    """Return what describes a route by its name, what it reads and what it answers; `keys` open some too."""
    return answers(
        form,
        found,
        name=name,
        status=status,
        asked=asked,
        refusals={**_ALWAYS, **refusals},
        security=[*_TOKEN, *_KEYS] if keys else _TOKEN,
        tag="management",
    )
