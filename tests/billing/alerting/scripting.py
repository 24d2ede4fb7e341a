"""A rule whose readings a test says itself, and a channel that takes what it is sent."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing.alerting import kinds, rounds
from billing.alerting.kinds import Kind
from billing.alerting.reading import Reading, Unit
from billing.models import AlertChannel, AlertDelivery, AlertFiring, AlertRule
from catalog import credentials

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Script:
    """One rule alone, of a kind that reads what `values` says: subject and value."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, below: bool = False, **rule: Any) -> None:
        self.values: dict[str, float] = {}
        self.failing: Exception | None = None
        self.now = NOON
        kind = Kind(self._find, Unit.COUNT, "a test says so", below=below)
        monkeypatch.setitem(kinds.KINDS, AlertRule.Kind.REFUSALS, kind)
        AlertRule.objects.exclude(kind=AlertRule.Kind.REFUSALS).update(active=False)
        self.rule = AlertRule.objects.get(kind=AlertRule.Kind.REFUSALS)
        self.rule.channels.clear()
        for name, value in {"threshold": 100, "minutes": 0, **rule}.items():
            setattr(self.rule, name, value)
        self.rule.save()

    def _find(self, now: datetime, level: float) -> Sequence[Reading]:
        if self.failing is not None:
            raise self.failing
        self.level = level
        return [
            Reading(subject, value, f"{subject} is {value}", "said by a test", "/admin/")
            for subject, value in self.values.items()
        ]

    def after(self, minutes: float = 0, **values: float) -> None:
        """Make the round of so many minutes later, in which these are the values."""
        self.now += timedelta(minutes=minutes)
        self.values = values
        assert rounds.make(self.now)

    @property
    def firings(self) -> list[AlertFiring]:
        """Return all of the rule, the oldest first."""
        return list(AlertFiring.objects.filter(rule=self.rule).order_by("noticed_at", "pk"))

    def told(self) -> list[str]:
        """Return the events that were told, the oldest first."""
        return [
            str(each.event)
            for each in AlertDelivery.objects.order_by("made_at", "pk")
            if each.status != "spared"
        ]


def mailing(rule: AlertRule | None = None, **fields: Any) -> AlertChannel:
    """Save a channel by mail."""
    return _joined(AlertChannel.objects.create(**{"name": "On call", "kind": "mail", **fields}), rule)


def calling(address: str, rule: AlertRule | None = None, *, private: bool = True) -> AlertChannel:
    """Save a channel by webhook."""
    made = AlertChannel.objects.create(
        name="Pager", kind="webhook", address=address, private=private, sealed=credentials.encrypt(SECRET)
    )
    return _joined(made, rule)


def _joined(channel: AlertChannel, rule: AlertRule | None) -> AlertChannel:
    if rule is not None:
        rule.channels.add(channel)
    return channel
