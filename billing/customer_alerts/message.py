"""What is told of an alert that was met: the same facts as JSON for programs and as a mail for people."""

import json
from datetime import datetime
from typing import Any

from django.urls import reverse

from billing.alerting.envelope import absolute, enveloped, iso
from billing.models import CustomerAlert, CustomerFiring
from kernel import money

from .kinds import KINDS

__all__ = ["TEST", "in_words", "of_firing", "of_test"]

FIRED, TEST = "alert.fired", "alert.test"


def of_firing(firing: CustomerFiring) -> str:
    """Return the JSON that tells of a firing."""
    alert, kind = firing.alert, KINDS[firing.alert.kind]
    data = {
        "id": str(firing.pk),
        "alert": alert.pk,
        "kind": alert.kind,
        "workspace": firing.workspace.slug,
        "workspace_name": firing.workspace.name,
        "title": firing.title,
        "detail": firing.detail,
        "value": _value(firing),
        "threshold": _threshold(alert),
        "unit": "USD" if kind.money else "percent",
        "cycle": firing.cycle,
        "key": int(firing.subject) if firing.subject else None,
        "since": iso(firing.fired_at),
        "url": absolute(firing.url),
        "once": kind.once,
        "settings_url": absolute(reverse("dashboard:alerts")),
    }
    return enveloped(FIRED, firing.fired_at, data)


def of_test(workspace: str, *, by: str, at: datetime) -> str:
    """Return the JSON of a test."""
    said = f"Asked for by {by}. Nothing is wrong."
    data = {"workspace": workspace, "title": "This is a test", "detail": said}
    return enveloped(TEST, at, data)


def in_words(body: str) -> tuple[str, str]:
    """Return subject and text of a mail that says what the JSON of a firing says."""
    data: dict[str, Any] = json.loads(body)["data"]
    lines = [
        f"{data['title']}.",
        data["detail"],
        "",
        f"Workspace: {data['workspace_name']}",
        f"Since: {data['since']}",
        f"Look: {data['url']}",
        "",
        data["once"],
        f"Change it or switch it off: {data['settings_url']}",
    ]
    subject = f"Tollway: {data['title']} ({data['workspace_name']})"
    return " ".join(subject.split()), "\n".join(lines) + "\n"


def _value(firing: CustomerFiring) -> str:
    if KINDS[firing.alert.kind].money:
        return money.show(firing.value)
    return f"{firing.value // 1000}.{firing.value % 1000:03d}"


def _threshold(alert: CustomerAlert) -> str:
    return money.show(alert.amount) if alert.amount is not None else str(alert.percent)
