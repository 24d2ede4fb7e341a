"""What is told of a firing: the same facts as JSON for programs and as a mail for people."""

import json
from datetime import datetime

from billing.models import AlertDelivery, AlertFiring

from .envelope import absolute, enveloped, iso
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
        "since": iso(firing.noticed_at),
        "until": iso(firing.ended_at),
        "url": absolute(firing.url),
    }
    return enveloped(f"alert.{event}", at, data)


def of_test(by: str, at: datetime) -> str:
    """Return the JSON of a test."""
    data = {"title": "This is a test", "detail": f"asked for by {by}; nothing is wrong"}
    return enveloped(f"alert.{Event.TEST}", at, data)


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
