"""What every route of REST framework has: JSON alone, bounded bodies, and refusals with the codes of /v1."""

from typing import Any

import structlog
from django.core.exceptions import SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.utils.cache import patch_vary_headers
from rest_framework import serializers
from rest_framework.exceptions import APIException, MethodNotAllowed, ParseError, UnsupportedMediaType
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kernel import ids

from . import rates

__all__ = ["MOST_BYTES", "Nowhere", "Refusal", "Route", "take", "valid", "wrong"]

MOST_BYTES = 65_536
_AWAY_SECONDS = 2
_CREDENTIALS = ("Authorization", "X-API-Key", "Cookie")
log = structlog.get_logger()


class Refusal(APIException):
    """An answer that is not what was asked for: status, code and words, and what else belongs into the body."""

    def __init__(self, status: int, code: str, detail: str, **extra: str) -> None:
        super().__init__(detail, code)
        self.status_code = status
        self.error_code = code
        self.extra = extra
        self.wait: int | None = None

    @property
    def is_passing(self) -> bool:
        """Tell whether the same request may succeed soon."""
        return self.status_code == 503


class _Json(DefaultContentNegotiation):
    """Answers in JSON whatever else a caller would rather have: refusals are read by programs too."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        """Return the one renderer."""
        return renderers[0], renderers[0].media_type


class Route(APIView):
    """A route in JSON, whose refusals carry the codes of /v1; for anybody, unless it says who may ask."""

    authentication_classes: Any = ()
    permission_classes: Any = ()
    parser_classes = (JSONParser,)
    renderer_classes = (JSONRenderer,)
    content_negotiation_class = _Json

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse a body that is longer than any that is meant."""
        super().initial(request, *args, **kwargs)
        if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
            raise Refusal(413, "PAYLOAD_TOO_LARGE", f"The body must be at most {MOST_BYTES} bytes.")

    def handle_exception(self, exc: Exception) -> Response:
        """Answer whatever failed; what failed on our side is logged and not told."""
        refusal = exc if isinstance(exc, Refusal) else _worded(exc)
        answer = Response(
            {"detail": str(refusal.detail), "code": refusal.error_code, **refusal.extra},
            status=refusal.status_code,
            headers={
                "X-Error-Code": refusal.error_code,
                "x-should-retry": "true" if refusal.is_passing else "false",
            },
        )
        if refusal.wait is not None:
            answer["Retry-After"] = str(refusal.wait)
        answer.exception = True
        return answer

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Put on every answer that it may not be kept, and its id."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        answer["Cache-Control"] = "no-store"
        patch_vary_headers(answer, _CREDENTIALS)
        answer["X-Request-Id"] = str(ids.request_id())
        return answer


class Nowhere(Route):
    """Every address at which there is no route, whatever is asked of it and whoever asks."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse before anything is read. Raises Refusal, 404."""
        super().initial(request, *args, **kwargs)
        raise Refusal(404, "NOT_FOUND", "There is no such route: GET /api/schema names those there are.")


def take(what: str, who: str, limit: int, named: str) -> None:
    """Count one try of `who` at `what`, which refusals call `named`. Raises Refusal beyond `limit` a minute."""
    try:
        rates.take(what, who, limit=limit)
    except rates.TooOften as error:
        refusal = Refusal(429, "RATE_LIMIT_ERROR", f"At most {limit} {named} a minute: try again later.")
        refusal.wait = error.retry_after
        raise refusal from error


def valid(form: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """Return what a body holds, read by a form. Raises Refusal, which names the first field that is wrong."""
    read = form(data=request.data)
    if not read.is_valid():
        field, words = next(iter(read.errors.items()))
        raise wrong(str(field), _first(words))
    return dict(read.validated_data)


def wrong(field: str, words: str) -> Refusal:
    """Return the refusal of a field."""
    return Refusal(400, "VALIDATION_ERROR", f"{field}: {words}")


def _first(words: Any) -> str:
    """Return the first of the words on a field; on one of a list they are kept by its place."""
    while isinstance(words, dict | list):
        words = next(iter(words.values() if isinstance(words, dict) else words))
    return str(words)


def _worded(error: Exception) -> Refusal:
    if isinstance(error, ParseError | UnsupportedMediaType | RecursionError):
        return Refusal(400, "VALIDATION_ERROR", "The body must be JSON, sent as application/json.")
    if isinstance(error, SuspiciousOperation):
        return Refusal(400, "VALIDATION_ERROR", "The request holds too much, or is malformed.")
    if isinstance(error, MethodNotAllowed):
        return Refusal(405, "METHOD_NOT_ALLOWED", str(error.detail))
    if isinstance(error, OperationalError | InterfaceError):
        log.warning("route without database", error=type(error).__name__)
        refusal = Refusal(503, "UNAVAILABLE", "This cannot be answered right now.")
        refusal.wait = _AWAY_SECONDS
        return refusal
    log.error("route failed", exc_info=error)
    return Refusal(500, "INTERNAL_ERROR", "Something failed on our side.")
