"""The application as a server runs it: inference goes the slim way, the desk of /v1 and the site through Django's own."""

import os
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
_site = get_asgi_application()

from inference.arrival import Receive, Send  # noqa: E402  # needs Django set up
from inference.desk.door import Desk, owns  # noqa: E402
from inference.handler import Handler  # noqa: E402
from inference.hub.door import owns as is_of_hub  # noqa: E402

from . import lifespan, logs  # noqa: E402
from .site import Site  # noqa: E402

logs.configure()
_inference = Handler()
_desk = Desk()
_pages = Site(_site)


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Serve one connection of the server."""
    if scope["type"] == "lifespan":
        await lifespan.serve(receive, send)
    elif scope["type"] == "http" and (scope["path"].startswith("/v1/") or is_of_hub(scope)):
        door = _desk if owns(scope["path"]) else _inference
        await door(scope, receive, send)
    else:
        await _pages(scope, receive, send)
