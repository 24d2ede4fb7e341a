"""What a report of an error may hold: where it happened, and nothing that was sent or held in a variable."""

from collections.abc import ItemsView
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter

__all__ = ["NothingSent"]


class NothingSent(SafeExceptionReporterFilter):
    """Leaves out the values of forms and of variables, which hold keys and passwords; whether debugging is on or not."""

    def is_active(self, request: HttpRequest | None) -> bool:
        """Tell that it always is: Django's own lets everything through while debugging."""
        return True

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        """Return the fields that were sent, without what was in them."""
        return dict.fromkeys(request.POST, self.cleansed_substitute) if request is not None else {}

    def get_safe_cookies(self, request: HttpRequest | None) -> dict[str, Any]:
        """Return which cookies came, without what was in them: by its name Django's own takes a session's for harmless."""
        return dict.fromkeys(request.COOKIES, self.cleansed_substitute) if request is not None else {}

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: Any
    ) -> ItemsView[str, Any]:
        """Return no variable: a secret has many names on its way."""
        return dict[str, Any]().items()
