"""How reasoning travels to the caller and back inside `encrypted_content`; pure.

Nothing is secret in it: the caller is shown the same text. The mark tells ours from that of other services.
"""

import base64
import binascii

__all__ = ["opened", "sealed"]

_MARK = "tollway.1."


def sealed(text: str) -> str:
    """Return reasoning as a token for `encrypted_content`."""
    return _MARK + base64.urlsafe_b64encode(text.encode()).decode()


def opened(token: str) -> str | None:
    """Return the reasoning of a token that we wrote, None for any other."""
    if not token.startswith(_MARK):
        return None
    try:
        return base64.b64decode(token.removeprefix(_MARK), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError):
        return None
