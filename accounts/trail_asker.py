"""Who asks by a request of the site, as the trail keeps it, and how what such a request tells is kept at once."""

from contextlib import AbstractContextManager
from uuid import uuid4

from django.http import HttpRequest

from . import trail
from .models import User
from .trail_seen import Sight

__all__ = ["watched"]


def watched(request: HttpRequest, person: User) -> AbstractContextManager[Sight]:
    """Watch what a person does by a request: each deed is written when it is told, with whence it came."""
    address = request.META.get("REMOTE_ADDR", "")
    asker = trail.Asker(person.pk, str(person), address, request_id=str(uuid4()))
    return trail.watching(asker, unnamed="", at_once=True)
