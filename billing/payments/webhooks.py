"""Where Stripe comes in: the only page that asks for no CSRF token, because a signature is asked for instead."""

import time

import structlog
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from . import calls, events, keys, signatures

__all__ = ["stripe"]

_AWAY_SECONDS = 30
log = structlog.get_logger()


@csrf_exempt
@never_cache
@require_POST
def stripe(request: HttpRequest) -> HttpResponse:
    """Take in one event: 200 once it is kept, 400 for what Stripe did not sign now, 503 to have it sent again.

    404 while payments are not set up.
    """
    if not keys.are_set_up():
        raise Http404("card payments are not set up")
    try:
        event = signatures.verified(_body(request), request.headers.get("Stripe-Signature"), now=time.time())
    except signatures.Forged as error:
        log.warning("webhook refused", reason=str(error))
        return _say(400, "refused")
    try:
        outcome = events.receive(event)
    except (calls.Away, calls.Unusable, OperationalError, InterfaceError) as error:
        log.warning("webhook not handled", event_id=event.id, error=type(error).__name__)
        answer = _say(503, "not now")
        answer["Retry-After"] = str(_AWAY_SECONDS)
        return answer
    log.info("webhook", event_id=event.id, type=event.type, outcome=outcome or "repeated")
    return _say(200, "known" if outcome is None else str(outcome))


def _body(request: HttpRequest) -> bytes:
    """Return the body as it came. Raises signatures.Forged for one that no event has, without reading it all."""
    if request.content_type != "application/json":
        raise signatures.Forged("the body is not JSON")
    length = request.headers.get("Content-Length") or "0"
    if not length.isdigit() or int(length) > signatures.MOST_BYTES:
        raise signatures.Forged("the body is too large")
    body: bytes = request.read(signatures.MOST_BYTES + 1)
    return body


def _say(status: int, words: str) -> HttpResponse:
    return HttpResponse(f"{words}\n", status=status, content_type="text/plain; charset=utf-8")
