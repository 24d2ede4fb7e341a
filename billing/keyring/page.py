"""What the page Keys says: each key with its spend against its limit, what it opens, when it was used, how it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import F

from accounts import keys
from accounts.models import ApiKey, Member
from billing import budgets, figures
from billing.budgets import Budget, Period
from kernel import clock, money

__all__ = [
    "AT_ONCE",
    "DORMANT_DAYS",
    "STATES",
    "Asked",
    "Gauge",
    "Page",
    "Row",
    "ago",
    "moment",
    "page",
    "row",
]

DORMANT_DAYS = 90
"""A key that nobody used for so long is told of."""
AT_ONCE = 50
_MOST = keys.MOST_KEYS + 100  # all in use, and of the revoked ones the latest
_NEAR = 80  # percent of the limit
STATES = {"active": "in use", "limit": "near or at its limit", "dormant": "dormant", "ended": "ended"}
"""The states that can be asked for, in words."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """Spend against a limit: nano-USD, width in percent."""

    spent: int
    limit: int
    width: int
    state: str
    often: str
    resets: str

    @property
    def words(self) -> str:
        """The gauge as it is read aloud."""
        until = f", begins anew {self.resets}" if self.resets else ""
        return f"${money.show(self.spent, decimals=2)} of ${money.show(self.limit, decimals=2)}{self.often}{until}"


@dataclass(frozen=True, slots=True)
class Row:
    """One key as it is set; `kind` is one of STATES, `badge` its shape."""

    key: ApiKey
    gauge: Gauge | None
    kind: str
    badge: str
    state: str
    used: str
    used_title: str
    quiet_days: int
    expires: str
    models: str

    @property
    def ended(self) -> bool:
        """Whether it opens nothing any more."""
        return self.kind == "ended"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for."""

    query: str = ""
    state: str = ""
    tag: str = ""
    number: int = 1


@dataclass(frozen=True, slots=True)
class Page:
    """Everything on the page; clocks are in `zone`."""

    asked: Asked
    rows: list[Row]
    dormant: list[Row]
    tags: list[str]
    active: int
    found: int
    known: int
    may_make: bool
    zone: str

    @property
    def more(self) -> int | None:
        """The number of the next part, or None if this one is the last."""
        return self.asked.number + 1 if self.asked.number * AT_ONCE < self.found else None

    @property
    def before(self) -> int | None:
        """The number of the part before, or None if this one is the first."""
        return self.asked.number - 1 if self.asked.number > 1 else None


def page(member: Member, asked: Asked) -> Page:
    """Read the keys that a member may see, the ones in use first; two queries, however many there are."""
    known = _rows(member)
    found = [row for row in known if _fits(row, asked)]
    start = (asked.number - 1) * AT_ONCE
    return Page(
        asked=asked,
        rows=found[start : start + AT_ONCE],
        dormant=[row for row in known if row.kind == "dormant"],
        tags=sorted({row.key.default_tag for row in known if row.key.default_tag}),
        active=sum(not row.ended for row in known),
        found=len(found),
        known=len(known),
        may_make=keys.may_manage(member.role),
        zone=member.workspace.time_zone,
    )


def row(key: ApiKey, budget: Budget | None, *, zone: ZoneInfo, now: datetime) -> Row:
    """Return a key as it is set."""
    gauge = _gauge(budget, zone=zone)
    quiet = (now - (key.last_used_at or key.created_at)).days
    kind, badge, state = _state(key, gauge, quiet, zone=zone, now=now)
    used = "Never" if key.last_used_at is None else ago(key.last_used_at, now=now, zone=zone)
    exact = f"{key.last_used_at.astimezone(zone):%Y-%m-%d %H:%M:%S}" if key.last_used_at else ""
    return Row(
        key=key,
        gauge=gauge if kind != "ended" else None,
        kind=kind,
        badge=badge,
        state=state,
        used=used,
        used_title=exact,
        quiet_days=quiet,
        expires=moment(key.expires_at, zone) if key.expires_at else "Never",
        models=_models(key.allowed_models),
    )


def _rows(member: Member) -> list[Row]:
    order = (
        F("revoked_at").desc(nulls_first=True),
        F("last_used_at").desc(nulls_last=True),
        "-created_at",
        "-pk",
    )
    known = keys.known(member.workspace_id, role=member.role, person_id=member.user_id)
    found = list(known.select_related("created_by").order_by(*order)[:_MOST])
    limits = budgets.of_keys(member.workspace_id, [key.pk for key in found if key.revoked_at is None])
    zone, now = ZoneInfo(member.workspace.time_zone), clock.now()
    return [row(key, limits.get(key.pk), zone=zone, now=now) for key in found]


def _fits(row: Row, asked: Asked) -> bool:
    key, words = row.key, asked.query.lower()
    said = (
        key.name.lower(),
        key.default_tag.lower(),
        f"{key.prefix}…{key.last_four}",
        f"{key.prefix}{key.last_four}",
    )
    named = not words or any(words in text for text in said)
    in_state = not asked.state or (not row.ended if asked.state == "active" else row.kind == asked.state)
    return named and in_state and (not asked.tag or key.default_tag == asked.tag)


def _state(
    key: ApiKey, gauge: Gauge | None, quiet: int, *, zone: ZoneInfo, now: datetime
) -> tuple[str, str, str]:
    """Return how a key stands: its kind, the shape of its badge, and the words; the first that is true."""
    if key.revoked_at is not None:
        return "ended", "idle", f"Revoked {figures.day(key.revoked_at.astimezone(zone).date())}"
    if key.expires_at is not None and key.expires_at <= now:
        return "ended", "idle", "Expired"
    if gauge is not None and gauge.state == "full":
        return "limit", "failed", "Limit reached"
    if key.retired_until is not None and key.retired_until > now:
        return "active", "near", f"Rotating until {moment(key.retired_until, zone)}"
    if gauge is not None and gauge.state == "near":
        return "limit", "near", f"{gauge.width} % of limit"
    if quiet >= DORMANT_DAYS:
        return "dormant", "idle", "Dormant"
    return "active", "ok", "Active"


def _gauge(budget: Budget | None, *, zone: ZoneInfo) -> Gauge | None:
    if budget is None:
        return None
    taken = budget.spent + budget.held
    width = 100 if not budget.remaining else min(99, taken * 100 // budget.limit)
    return Gauge(
        spent=budget.spent,
        limit=budget.limit,
        width=width,
        state="full" if width >= 100 else "near" if width > _NEAR else "",
        often="" if budget.period == Period.NONE else f" a {budget.period}",
        resets=moment(budget.resets_at, zone) if budget.resets_at else "",
    )


def _models(named: Sequence[str] | None) -> str:
    if named is None:
        return "All on plan"
    return named[0] if len(named) == 1 else f"{len(named)} models"


def ago(at: datetime, *, now: datetime, zone: ZoneInfo) -> str:
    """Return how long ago something was, in words."""
    passed = now - at
    if passed < timedelta(days=1):
        return figures.age(passed)
    return "yesterday" if passed < timedelta(days=2) else f"{passed.days} days ago"


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Return a moment by the clock of a zone, with the year where that is another."""
    local = at.astimezone(zone)
    return f"{figures.day(local.date(), year=local.year != clock.now().year)} {local:%H:%M}"
