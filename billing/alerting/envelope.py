"""The JSON around whatever is told: its type, the moment and the facts; and how moments and addresses stand in it."""

import json
from datetime import datetime
from typing import Any

from django.conf import settings

__all__ = ["absolute", "enveloped", "iso"]


def enveloped(kind: str, at: datetime, data: dict[str, Any]) -> str:
    """Return the body of a message, such as of the kind alert.began."""
    told = {"type": kind, "timestamp": iso(at), "data": data}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def iso(at: datetime | None) -> str | None:
    """Return a moment of UTC to the second, None for none."""
    return at.isoformat(timespec="seconds").replace("+00:00", "Z") if at is not None else None


def absolute(path: str) -> str:
    """Return the address of a path of the site."""
    # Where the settings do not say what the site is called, its own path is all that is known.
    origins = settings.CSRF_TRUSTED_ORIGINS
    return f"{origins[0].rstrip('/')}{path}" if origins else path
