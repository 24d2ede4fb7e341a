"""Whether this process lives and may take requests, and what it still owes the database."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse

from inference import process
from kernel import drain

__all__ = ["livez", "readyz"]


def livez(request: HttpRequest) -> HttpResponse:
    """Answer 200 as long as the process answers at all."""
    return HttpResponse("ok", content_type="text/plain")


def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 if requests can be admitted: not draining, and the database answers.

    The words are for people; they tell how many settlements wait in the journal, if any do.
    """
    if drain.stopping():
        return _told("draining", status=503)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return _told("the database does not answer", status=503)
    return _told("ok", status=200)


def _told(words: str, *, status: int) -> HttpResponse:
    waiting = process.journalled()
    owed = f"; {waiting} settlements wait in the journal" if waiting else ""
    return HttpResponse(words + owed, status=status, content_type="text/plain")
