"""Which requests at the root are the hub's; a browser that asks for /models is shown the page instead."""

from io import BytesIO
from typing import Any

from django.core.handlers.asgi import ASGIRequest

from ..errors import HUB_PATHS, HUB_SESSIONS

__all__ = ["owns"]

MODELS = "/models"


def owns(scope: dict[str, Any]) -> bool:
    """Tell whether a request is for the hub."""
    path: str = scope["path"]
    if path == MODELS:
        return not _wants_a_page(scope)
    return path in HUB_PATHS or path.startswith(HUB_SESSIONS)


def _wants_a_page(scope: dict[str, Any]) -> bool:
    request = ASGIRequest(scope, BytesIO())
    return request.get_preferred_type(["application/json", "text/html"]) == "text/html"
