"""Under which names a provider knows the people and conversations of a workspace, which are other names elsewhere.

What a caller names is a secret of the workspace's, and two workspaces may choose the same name: a provider that saw
it as it was sent would take their people for one, and share caches and blame between them.
"""

import hmac
from typing import Any

from django.conf import settings

__all__ = ["NAMES", "stand_in", "written"]

NAMES = ("user", "safety_identifier", "prompt_cache_key", "session_id")
_KEPT_BYTES = 16


def written(body: dict[str, Any], workspace_id: int) -> dict[str, Any]:
    """Return a body with what stands in for its names: itself, where it has none."""
    found = [name for name in NAMES if name in body]
    return body | {name: _told(body[name], workspace_id) for name in found} if found else body


def stand_in(name: str, workspace_id: int) -> str:
    """Return what stands in for a name: the workspace's number, by which a complaint is traced, and a keyed digest.

    It has at most 54 characters, of the 64 that providers take, and holds until TOLLWAY_KEY_PEPPER is another.
    """
    secret = b"provider:%d:" % workspace_id + name.encode()
    digest = hmac.digest(settings.KEY_PEPPER, secret, "sha256")[:_KEPT_BYTES]
    return f"w{workspace_id}-{digest.hex()}"


def _told(value: object, workspace_id: int) -> object:
    # What is no name is for the upstream to refuse, and an empty one names nobody.
    return stand_in(value, workspace_id) if isinstance(value, str) and value else value
