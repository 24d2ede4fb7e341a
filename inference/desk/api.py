"""The routes of the desk, gathered; and how ninja's own refusals become ours."""

from typing import Any, NoReturn

import orjson
from django.http import Http404, HttpRequest
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser

from ..errors import Failure
from . import explain, identity, keys, receipts, self, simulate, streams, usage

__all__ = ["api"]


class _Body(Parser):
    def parse_body(self, request: HttpRequest) -> Any:
        return orjson.loads(request.body)


api = NinjaAPI(
    title="Tollway's desk",
    version="1",
    urls_namespace="desk",
    docs_url=None,
    openapi_url=None,
    parser=_Body(),
    auth=identity.authenticate,
)

for name in ("key", "keys"):
    api.add_router(f"/user/{name}", keys.router, url_name_prefix=name)
for room in (streams, self, usage, receipts, explain, simulate):
    api.add_router("", room.router)


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> NoReturn:
    first: dict[str, Any] = error.errors[0]
    place = [str(part) for part in first["loc"]]
    # ninja puts the kind of parameter first, and for a body the name of the view's argument second.
    field = ".".join(place[2:] or ["body"]) if place[0] == "body" else ".".join(place[1:])
    raise Failure("VALIDATION_ERROR", f"{field}: {first['msg']}.", param=field)


@api.exception_handler(HttpError)
def _unreadable(request: HttpRequest, error: HttpError) -> NoReturn:
    if error.status_code != 400:
        raise error
    raise Failure("VALIDATION_ERROR", "The body is not valid JSON.", param="body")


@api.exception_handler(Http404)
def _missing(request: HttpRequest, error: Http404) -> NoReturn:
    raise Failure("NOT_FOUND", "There is no such object in this workspace.")
