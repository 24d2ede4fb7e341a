"""Whether this process lives and may take requests."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse

from kernel import drain

__all__ = ["livez", "readyz"]


def livez(request: HttpRequest) -> HttpResponse:
    """Answer 200 as long as the process answers at all."""
    return HttpResponse("ok", content_type="text/plain")


def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 if requests can be admitted: not draining, and the database answers."""
    if drain.stopping():
        return HttpResponse("draining", status=503, content_type="text/plain")
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return HttpResponse("the database does not answer", status=503, content_type="text/plain")
    return HttpResponse("ok", content_type="text/plain")
