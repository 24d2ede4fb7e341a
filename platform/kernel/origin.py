"""Where the site stands for whoever asks: the scheme and the host by which it was reached."""

from django.http import HttpRequest

__all__ = ["of"]


def of(request: HttpRequest) -> str:
    """Return it without a slash at its end, as https://tollway.example. Raises DisallowedHost."""
    return request.build_absolute_uri("/").rstrip("/")
