"""What the page Alerts says: the alerts and how they stand, where they go, and what was told of late."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import F

from accounts.models import Member
from accounts.powers import Power, may
from billing import figures
from billing.alerting.reaching import mail_is_set_up
from billing.models import CustomerAlert, CustomerDelivery, CustomerEndpoint, CustomerFiring
from kernel import clock

from . import endpoints, rules
from .kinds import KINDS, Kind

__all__ = ["At", "Message", "Page", "message", "page"]

_SHOWN = 20
_BADGES = {"waiting": "live", "sent": "ok", "failed": "failed", "spared": "idle"}
_STATES = {"waiting": "Waits", "sent": "Taken", "failed": "Failed", "spared": "Not sent"}


@dataclass(frozen=True, slots=True)
class At:
    """A moment by the clock of the workspace, and how long ago it was, or the day and the clock."""

    first: str
    second: str
    exact: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One alert as it is listed."""

    alert: CustomerAlert
    words: str
    once: str
    told: At | None


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it is listed."""

    row: CustomerDelivery
    goes_to: str
    about: str
    badge: str
    state: str
    at: At


@dataclass(frozen=True, slots=True)
class Place:
    """One endpoint as it is listed, with the last message to it."""

    endpoint: CustomerEndpoint
    shown: str
    overlaps: bool
    last: Message | None


@dataclass(frozen=True, slots=True)
class Told:
    """One firing as it is listed, with what was sent of it."""

    firing: CustomerFiring
    at: At
    messages: list[Message]


@dataclass(frozen=True, slots=True)
class Page:
    """Everything on the page; clocks are in `zone`."""

    rules: list[Rule]
    places: list[Place]
    history: list[Told]
    kinds: list[tuple[str, Kind]]
    may_change: bool
    mails: bool
    zone: str

    @property
    def full(self) -> bool:
        """Whether there are as many alerts as there may be."""
        return len(self.rules) >= rules.MOST

    @property
    def places_full(self) -> bool:
        """Whether there are as many endpoints as there may be."""
        return len(self.places) >= endpoints.MOST


def page(member: Member) -> Page:
    """Read the page as a member sees it; a fixed number of queries."""
    zone, now = ZoneInfo(member.workspace.time_zone), clock.now()
    changes = may(member.role, Power.ALERTS)
    return Page(
        rules=_rules(member.workspace_id, zone, now),
        places=_places(member.workspace_id, zone, now, whole=changes),
        history=_history(member.workspace_id, zone, now),
        kinds=list(KINDS.items()),
        may_change=changes,
        mails=mail_is_set_up(),
        zone=member.workspace.time_zone,
    )


def message(row: CustomerDelivery, zone: ZoneInfo, now: datetime) -> Message:
    """Return a message as it is listed."""
    return Message(
        row=row,
        goes_to=row.endpoint.host if row.endpoint is not None else "E-mail",
        about=row.firing.title if row.firing is not None else "A test",
        badge=_BADGES[row.status],
        state=_STATES[row.status],
        at=_at(row.made_at, zone, now),
    )


def _rules(workspace_id: int, zone: ZoneInfo, now: datetime) -> list[Rule]:
    alerts = list(rules.known(workspace_id)[: rules.MOST])
    newest = CustomerFiring.objects.filter(alert__in=alerts).order_by("alert_id", "-fired_at")
    told = {row.alert_id: row.fired_at for row in newest.distinct("alert_id")}
    return [
        Rule(
            alert=alert,
            words=rules.words(alert),
            once=KINDS[alert.kind].once,
            told=_at(told[alert.pk], zone, now) if alert.pk in told else None,
        )
        for alert in alerts
    ]


def _places(workspace_id: int, zone: ZoneInfo, now: datetime, *, whole: bool) -> list[Place]:
    found = list(endpoints.known(workspace_id)[: endpoints.MOST])
    newest = CustomerDelivery.objects.filter(endpoint__in=found).select_related("firing", "endpoint")
    last = {
        row.endpoint_id: row for row in newest.order_by("endpoint_id", "-made_at").distinct("endpoint_id")
    }
    return [
        Place(
            endpoint=each,
            shown=each.address if whole else each.host,
            overlaps=len(endpoints.secrets(each, now)) > 1,
            last=message(last[each.pk], zone, now) if each.pk in last else None,
        )
        for each in found
    ]


def _history(workspace_id: int, zone: ZoneInfo, now: datetime) -> list[Told]:
    newest = CustomerFiring.objects.filter(workspace_id=workspace_id).order_by("-fired_at", "-pk")
    found = list(newest[:_SHOWN])
    sent = _sent(found)
    return [
        Told(
            each,
            _at(each.fired_at, zone, now),
            [message(row, zone, now) for row in sent if row.firing_id == each.pk],
        )
        for each in found
    ]


def _sent(firings: Sequence[CustomerFiring]) -> list[CustomerDelivery]:
    found = CustomerDelivery.objects.filter(firing__in=firings).select_related("firing", "endpoint")
    return list(found.order_by(F("endpoint_id").asc(nulls_first=True)))


def _at(at: datetime, zone: ZoneInfo, now: datetime) -> At:
    first, second = figures.moment(at, now=now, zone=zone)
    return At(first, second, f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}")
