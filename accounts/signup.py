"""Who may make an account: for now only an operator makes one."""

from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

__all__ = ["ClosedSignup"]


class ClosedSignup(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Refuses sign-up through the pages."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "E-mail and password do not match.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Tell that nobody can register alone."""
        return False
