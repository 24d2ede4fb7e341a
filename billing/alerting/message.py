"""What is told of a firing: the same facts as JSON for programs and as a mail for people."""

import json
from datetime import datetime
from typing import Any

from django.conf import settings

from billing.models import AlertDelivery, AlertFiring

from .kinds import KINDS
from .reading import shown

__all__ = ["in_words", "of_firing", "of_test"]

Event = AlertDelivery.Event


def of_firing(firing: AlertFiring, event: AlertDelivery.Event, at: datetime) -> str:
    """Return the JSON that tells of a firing's beginning or end."""
    rule, unit = firing.rule, KINDS[firing.rule.kind].unit
    data = {
        "id": str(firing.pk),
        "rule": rule.name,
        "kind": rule.kind,
        "subject": firing.subject,
        "title": firing.title,
        "detail": firing.detail,
        "value": shown(firing.value, unit),
        "threshold": shown(firing.threshold, unit),
        "since": _iso(firing.noticed_at),
        "until": _iso(firing.ended_at),
        "url": _absolute(firing.url),
    }
    return _body(event, at, data)


def of_test(by: str, at: datetime) -> str:
    """Return the JSON of a test."""
    return _body(
        Event.TEST, at, {"title": "This is a test", "detail": f"asked for by {by}; nothing is wrong"}
    )


def in_words(body: str) -> tuple[str, str]:
    """Return subject and text of a mail that says what a JSON body says."""
    told = json.loads(body)
    data, event = told["data"], told["type"].removeprefix("alert.")
    subject = f"Tollway: {'Over: ' if event == Event.ENDED else ''}{data['title']}"
    lines = [data["title"], data["detail"], ""]
    for name in ("rule", "value", "threshold", "since", "until"):
        if data.get(name):
            lines.append(f"{name.capitalize()}: {data[name]}")
    if data.get("url"):
        lines += ["", data["url"]]
    return " ".join(subject.split()), "\n".join(lines) + "\n"


def _body(event: AlertDelivery.Event, at: datetime, data: dict[str, Any]) -> str:
    told = {"type": f"alert.{event}", "timestamp": _iso(at), "data": data}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def _iso(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z") if at is not None else None


def _absolute(path: str) -> str:
    # Where the settings do not say what the site is called, its own path is all that is known.
    origins = settings.CSRF_TRUSTED_ORIGINS
    return f"{origins[0].rstrip('/')}{path}" if origins else path
