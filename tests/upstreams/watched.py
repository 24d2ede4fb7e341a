"""The watched application with its long waits shortened.

For a gateway of its own: importing this shortens the waits of the process that does.
"""

from unittest.mock import patch

import config.asgi  # noqa: F401  # sets Django up, which what follows needs
from inference import breaker, keyring, news, routing
from tests.fakes.watched import application

from .waits import PAUSE_SECONDS, TOTAL_SECONDS

__all__ = ["application"]

for module, name, seconds in (
    (breaker, "OPEN_SECONDS", PAUSE_SECONDS),
    (news, "OPEN_SECONDS", PAUSE_SECONDS),
    (keyring, "LONGEST_WAIT", PAUSE_SECONDS),
    (routing, "TOTAL_SECONDS", TOTAL_SECONDS),
):
    patch.object(module, name, seconds).start()
