"""What the routes of REST framework answer, as the OpenAPI document of /api/schema tells it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers

__all__ = ["Ended", "Tokens", "answers"]

_View = TypeVar("_View", bound=Callable[..., Any])
_WHEN = {
    400: "The body is wrong; `detail` names the field.",
    401: "What was sent does not sign in: `AUTHENTICATION_ERROR`, or `MFA_REQUIRED` with a challenge.",
    413: "The body is longer than any that is meant.",
    429: "Too often; `Retry-After` says how long to wait.",
    500: "Something failed on our side.",
    503: "It cannot be answered right now.",
}


class Tokens(serializers.Serializer[Any]):
    """The tokens of a sign-in; `expires_in` is of the access token, in seconds."""

    access_token = serializers.CharField()
    refresh_token = serializers.CharField()
    token_type = serializers.ChoiceField(["bearer"])
    expires_in = serializers.IntegerField(min_value=1)


class Ended(serializers.Serializer[Any]):
    """A sign-in that has ended."""

    message = serializers.CharField()


class Refused(serializers.Serializer[Any]):
    """A refusal; `code` is also in the header `X-Error-Code`."""

    detail = serializers.CharField()
    code = serializers.CharField()
    challenge = serializers.CharField(
        required=False, help_text="With `MFA_REQUIRED`: to be sent with a code to `/auth/login`."
    )


def answers(
    form: type[serializers.Serializer[Any]] | None,
    found: type[serializers.Serializer[Any]] | OpenApiTypes,
    *,
    name: str | None = None,
    status: int | tuple[int, str] = 200,
    asked: Sequence[OpenApiParameter] = (),
    refusals: Mapping[int, str] = {},
    security: Sequence[dict[str, list[str]]] = (),
    tag: str = "auth",
) -> Callable[[_View], _View]:
    """Return what describes a route that reads a form, or parameters, and answers with this, or refuses.

    `refusals` are those that not every route has, by status. A file has the kind of its content beside its status.
    """
    refused = {code: OpenApiResponse(Refused, text) for code, text in {**_WHEN, **refusals}.items()}
    return extend_schema(
        operation_id=name,
        request=form,
        responses={status: found, **refused},
        parameters=[
            *asked,
            _header("X-Request-Id", OpenApiTypes.UUID, True),
            _header("Cache-Control", OpenApiTypes.STR, True),
            _header("X-Error-Code", OpenApiTypes.STR, list(refused)),
            _header("x-should-retry", OpenApiTypes.STR, list(refused)),
        ],
        auth=list(security),  # type: ignore[arg-type]  # requirements, as the document has them
        tags=[tag],
    )


def _header(name: str, kind: OpenApiTypes, response: bool | list[int]) -> OpenApiParameter:
    return OpenApiParameter(name, kind, OpenApiParameter.HEADER, required=True, response=response)
