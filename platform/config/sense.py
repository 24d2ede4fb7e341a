"""What `manage.py check --deploy` finds in settings that work and that hardly anybody can mean for customers."""

from collections.abc import Iterator, Sequence

from django.apps import AppConfig
from django.conf import settings
from django.core import checks

from . import env
from .settings_told import unread

__all__ = ["settings_make_sense"]


def settings_make_sense(
    app_configs: Sequence[AppConfig] | None = None, **_: object
) -> list[checks.CheckMessage]:
    """Return a warning for each."""
    return [*_engines(), *_mails(), *_names()]


def _engines() -> Iterator[checks.CheckMessage]:
    if env.embedded():
        yield checks.Warning(
            "The embedded database is for trying and developing.",
            hint="Set DATABASE_URL and REDIS_URL.",
            id="config.W001",
        )


def _mails() -> Iterator[checks.CheckMessage]:
    if settings.EMAIL_BACKEND.endswith(".console.EmailBackend"):
        yield checks.Warning(
            "Mails are printed: codes that prove an address and reset a password stand in the log.",
            hint="Set TOLLWAY_SMTP_HOST.",
            id="config.W002",
        )


def _names() -> Iterator[checks.CheckMessage]:
    for name in unread():
        yield checks.Warning(
            f"{name} is set, and nothing reads it.",
            hint="manage.py settings lists what is read.",
            id="config.W003",
        )
