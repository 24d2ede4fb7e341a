"""The application, in which every step that holds a secret fails once a file is there: answers 500, with the secret in reach."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from config.asgi import application  # it sets Django up, so it comes first

# isort: split
from accounts import callers, provider_keys
from accounts.models import User
from billing.gate import Gate
from billing.vouchers import views as vouchers
from tests.security.secrets_sent import BROKEN

__all__ = ["application"]


class Broke(Exception):
    """What fails here, as nothing of ours would."""


def _failing(step: Callable[..., Any]) -> Callable[..., Any]:
    def fails(*given: Any, **named: Any) -> Any:
        if Path(os.environ[BROKEN]).exists():
            raise Broke("a step broke on purpose")
        return step(*given, **named)

    return fails


for owner, name in (
    (User, "check_password"),
    (User, "set_password"),
    (Gate, "admit"),
    (callers, "find_now"),
    (provider_keys, "put"),
    (vouchers, "redeem"),
):
    setattr(owner, name, _failing(getattr(owner, name)))
