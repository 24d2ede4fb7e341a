"""Reports of errors to Sentry, or to what speaks as it does: what an error's line in the log says, masked as that is."""

import json
import sys
from collections.abc import Callable, MutableMapping
from typing import Any

__all__ = ["begin", "report"]

SECONDS_AT_THE_END = 2
_GRAVE = ("error", "critical")
_LONGEST = 500
_OF_ITS_OWN = ("event", "exc_info", "exception", "stack", "timestamp", "level")

Event = MutableMapping[str, Any]
_on = False


def begin(dsn: str, *, masked: Callable[[str], str]) -> None:
    """Send reports to an address of Sentry's kind from now on, each through `masked`. Raises ImportError without its package.

    Nothing is hooked into frameworks: no request, no header, no local variable and no body can come along.
    """
    global _on
    import sentry_sdk

    def before_send(event: Any, hint: Any) -> Any:
        return json.loads(masked(json.dumps(event, default=str)))

    sentry_sdk.init(
        dsn=dsn,
        default_integrations=False,
        auto_enabling_integrations=False,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        before_send=before_send,
        shutdown_timeout=SECONDS_AT_THE_END,
    )
    _on = True


def report(logger: Any, method: str, event: Event) -> Event:
    """Report an error on its way into the log, and let it go on there."""
    if _on and event.get("level") in _GRAVE:
        _send(event)
    return event


def _send(event: Event) -> None:
    import sentry_sdk

    error = _error(event.get("exc_info"))
    with sentry_sdk.new_scope() as scope:
        for name in ("request_id", "task", "logger"):
            if name in event:
                scope.set_tag(name, str(event[name]))
        told = {name: str(value)[:_LONGEST] for name, value in event.items() if name not in _OF_ITS_OWN}
        scope.set_context("log", {"event": str(event.get("event"))[:_LONGEST], **told})
        if error is not None:
            scope.capture_exception(error)
        else:
            scope.capture_message(str(event.get("event"))[:_LONGEST], level="error")


def _error(told: Any) -> BaseException | None:
    if isinstance(told, BaseException):
        return told
    found = told if isinstance(told, tuple) else sys.exc_info() if told else (None, None, None)
    return found[1] if isinstance(found[1], BaseException) else None
