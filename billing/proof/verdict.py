"""What the last audits say: whether the money is right, since when it is not, and whether anybody looked lately."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

from billing.models import AuditRun
from kernel import clock

__all__ = ["NIGHTS", "STALE_AFTER", "Night", "State", "Verdict", "nights", "verdict"]

STALE_AFTER = timedelta(minutes=15)
NIGHTS = 90


class State(StrEnum):
    """How the money stands, by the last audits that came to their end."""

    RIGHT = "right"
    WRONG = "wrong"
    STALE = "stale"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The last audit of the last days, the last of everything, and what both together say.

    `since` is when the first audit of an unbroken row of red ones began; None if the last ones are green.
    """

    state: State
    window: AuditRun | None
    whole: AuditRun | None
    since: datetime | None
    last_failure: datetime | None

    @property
    def newest(self) -> AuditRun | None:
        """The audit that ended last."""
        ended = [run for run in (self.window, self.whole) if run is not None]
        return max(ended, key=_ended, default=None)

    @property
    def fullest(self) -> AuditRun | None:
        """The audit to show rule by rule: a red one first, else that of everything."""
        red = [run for run in (self.whole, self.window) if run is not None and run.broken]
        return red[0] if red else self.whole or self.window

    @property
    def findings(self) -> list[dict[str, Any]]:
        """What the last audits found, the rule's name with each."""
        runs = [run for run in (self.window, self.whole) if run is not None]
        return [
            {"rule": rule["name"], "says": rule["says"], **finding}
            for run in runs
            for rule in run.rules
            for finding in rule["findings"]
        ]


@dataclass(frozen=True, slots=True)
class Night:
    """What the audits of everything that began on one UTC day came to."""

    day: date
    state: State
    broken: int


def verdict(now: datetime) -> Verdict:
    """Return what the last audits say. One that did not come to its end says nothing, so the news gets old."""
    window, whole = _last(AuditRun.Kind.WINDOW), _last(AuditRun.Kind.WHOLE)
    red = [run for run in (window, whole) if run is not None and run.broken]
    ended = [_ended(run) for run in (window, whole) if run is not None]
    if not ended:
        state = State.NEVER
    elif red:
        state = State.WRONG
    else:
        state = State.STALE if now - max(ended) > STALE_AFTER else State.RIGHT
    failed = (
        AuditRun.objects.filter(broken__gt=0).order_by("-id").values_list("started_at", flat=True).first()
    )
    return Verdict(
        state, window, whole, min((_red_since(run) for run in red), default=None), last_failure=failed
    )


def nights(now: datetime) -> list[Night]:
    """Return the last 90 UTC days, oldest first, each with what its audits of everything came to."""
    today = clock.utc_day(now)
    first = today - timedelta(days=NIGHTS - 1)
    midnight = datetime(first.year, first.month, first.day, tzinfo=UTC)
    runs = AuditRun.objects.filter(
        kind=AuditRun.Kind.WHOLE, started_at__gte=midnight, ended_at__isnull=False
    ).values_list("started_at", "broken")
    worst: dict[date, int] = {}
    for started, broken in runs:
        day = clock.utc_day(started)
        worst[day] = max(worst.get(day, 0), broken)
    days = [first + timedelta(days=passed) for passed in range(NIGHTS)]
    return [Night(day, _state(worst.get(day)), worst.get(day, 0)) for day in days]


def _state(broken: int | None) -> State:
    if broken is None:
        return State.NEVER
    return State.WRONG if broken else State.RIGHT


def _last(kind: AuditRun.Kind) -> AuditRun | None:
    return AuditRun.objects.filter(kind=kind, ended_at__isnull=False).order_by("-id").first()


def _ended(run: AuditRun) -> datetime:
    return run.ended_at or run.started_at


def _red_since(run: AuditRun) -> datetime:
    """Return when the first audit after the last green one of the same kind began."""
    ended = AuditRun.objects.filter(kind=run.kind, ended_at__isnull=False)
    green = ended.filter(broken=0).order_by("-id").first()
    red = ended.filter(broken__gt=0, id__gt=green.pk if green else 0)
    return red.order_by("id").values_list("started_at", flat=True)[0]
