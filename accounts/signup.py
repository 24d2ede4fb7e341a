"""Who may make an account: for now only an operator makes one."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

__all__ = ["ClosedSignup"]


class ClosedSignup(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Refuses sign-up through the pages."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Tell that nobody can register alone."""
        return False
