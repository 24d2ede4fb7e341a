"""The application as a server runs it: inference routes go the slim way, everything else through Django's own."""

import os
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
_site = get_asgi_application()

from inference.arrival import Receive, Send  # noqa: E402  # needs Django set up
from inference.handler import Handler  # noqa: E402

from . import lifespan, logs  # noqa: E402

logs.configure()
_inference = Handler()


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Serve one connection of the server."""
    if scope["type"] == "lifespan":
        await lifespan.serve(receive, send)
    elif scope["type"] == "http" and scope["path"].startswith("/v1/"):
        await _inference(scope, receive, send)
    else:
        await _site(scope, receive, send)
