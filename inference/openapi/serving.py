"""How the OpenAPI document goes out: written once a process, with an ETag."""

from functools import cache

import orjson
from django.http.response import HttpResponseBase
from ninja import NinjaAPI

from .. import auth
from ..arrival import Arrival
from ..process import Process
from ..shelf import freshness
from .document import document

__all__ = ["answer"]


async def answer(process: Process, request: Arrival, *apis: NinjaAPI) -> HttpResponseBase:
    """Answer with the document of these APIs, for anybody. Raises Failure for a credential that is not good."""
    caller = await auth.caller_or_nobody(process.directory, request)
    return freshness.answer(request, _written(apis), public=caller is None)


@cache
def _written(apis: tuple[NinjaAPI, ...]) -> bytes:
    return orjson.dumps(document(apis))
