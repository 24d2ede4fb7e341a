"""How a server process logs: one JSON object a line, with the request that is served, and without secrets.

Also what libraries and the interpreter say. The locals of a traceback, which hold secrets, are in no line.
"""

import logging
import os
import re
import sys
from collections.abc import Iterator, MutableMapping
from typing import Any
from urllib.parse import unquote, urlsplit

import structlog
from django.conf import settings

from kernel import served

from . import reports
from .asked import asked, is_secret

__all__ = ["MASK", "configure"]

MASK = "***"
LEAST_SECRET = 8
"""A secret of fewer characters is not looked for: its letters could be any word's."""
_THEIR_OWN = ("uvicorn", "uvicorn.error", "uvicorn.access", "celery", "celery.task")
_NAMES = re.compile(r"authorization|cookie|passw|secret|token$|api_?key|pepper|credential", re.IGNORECASE)
# What by its form is a key of ours or of a provider, a token, or the password in an address.
_FORMS = re.compile(
    r"\b(rkm?_|sk-|sk_live_|sk_test_|rk_live_|rk_test_|whsec_|gsk_|xai-|AIza|eyJ|Bearer |Basic )[\w.+/=-]{8,}"
    r"|(://[^\s/:@\"]*:)[^\s/@\"]+(?=@)"
)
_Event = MutableMapping[str, Any]


def configure(*, level: int = logging.WARNING) -> None:
    """Set this process up: structlog, and for what others say from a level on the standard library's logging."""
    masked = _Masked()
    if settings.SENTRY_DSN:
        reports.begin(settings.SENTRY_DSN, masked=masked.text)
    writing: list[Any] = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(), masked]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        _with_request,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_named,
        reports.report,
    ]
    structlog.configure(
        processors=[*shared, *writing],
        logger_factory=structlog.WriteLoggerFactory(),
        cache_logger_on_first_use=True,
    )
    _take_over(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *writing],
        ),
        level,
    )


def _take_over(formatter: logging.Formatter, level: int) -> None:
    """Have the lines of all loggers written so, those too that brought a handler of their own."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level)
    for name in _THEIR_OWN:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    logging.captureWarnings(capture=True)


def _with_request(logger: Any, method: str, event: _Event) -> _Event:
    number = served.request_id()
    if number is not None:
        event.setdefault("request_id", str(number))
    return event


def _without_named(logger: Any, method: str, event: _Event) -> _Event:
    for name, value in event.items():
        if _NAMES.search(name) and isinstance(value, str | bytes) and value:
            event[name] = MASK
    return event


class _Masked:
    """Takes secrets out of a line: what has the form of one, and those of this site whatever their form."""

    def __init__(self) -> None:
        known = sorted(set(_secrets()), key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known)) or r"(?!)")

    def __call__(self, logger: Any, method: str, line: str) -> str:
        """Return a line without them."""
        return self.text(line)

    def text(self, line: str) -> str:
        """Return a text without them."""
        return _FORMS.sub(lambda found: f"{found[1] or found[2]}{MASK}", self._known.sub(MASK, line))


def _secrets() -> Iterator[str]:
    """Yield the secrets of this site: those of the environment by their names, in addresses, and those that are kept."""
    own = [
        settings.SECRET_KEY,
        settings.KEY_PEPPER.decode(),
        *(key.decode() for key in settings.CREDENTIAL_KEYS),
    ]
    for name in asked():
        value = os.environ.get(name, "")
        own += [word.strip() for word in value.split(",")] if is_secret(name) else _of_address(value)
    yield from (secret for secret in own if len(secret) >= LEAST_SECRET)


def _of_address(value: str) -> list[str]:
    try:
        password = urlsplit(value).password or ""
    except ValueError:
        return []
    return [password, unquote(password)]
