"""Where the hours, days, weeks and months of a time zone begin, and by which sums that can be told exactly.

Sums are kept per UTC day for ever and per quarter of an hour for 90 days. A cut that no sum can tell is never
approximated: it is made on UTC days instead, and named so.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

__all__ = [
    "EARLIEST",
    "LATEST",
    "MOST_DAYS",
    "MOST_DAYS_BY_HOUR",
    "REACH",
    "Cut",
    "Span",
    "Step",
    "Uncuttable",
    "cut",
    "zone_of",
]

Step = Literal["hour", "day", "week", "month", "all"]
MOST_DAYS = 1_100
MOST_DAYS_BY_HOUR = 31
REACH = timedelta(days=89)
"""How far back quarters are surely there: they are dropped after 90 days, at some moment of the day."""

EARLIEST, LATEST = date(1971, 1, 1), date(6000, 12, 31)
"""No usage is of a day before or after; minutes since 1970, in 32 bits, reach until 6053."""

_QUARTER = timedelta(minutes=15)
_INSTANT = timedelta(microseconds=1)


class Uncuttable(ValueError):
    """Sums cannot be cut there."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch that is told as one, from `begins` up to but not including `ends`, both with their offset from UTC."""

    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Cut:
    """Spans without gap or overlap, the zone they follow, and whether the sums of UTC days suffice to tell them."""

    zone: str
    by: Step
    spans: tuple[Span, ...]
    of_days: bool

    @property
    def begins(self) -> datetime:
        """The first moment of all."""
        return self.spans[0].begins

    @property
    def ends(self) -> datetime:
        """The first moment after all."""
        return self.spans[-1].ends


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone by its IANA name. Raises ValueError if there is none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"zone: {name[:64]!r} is no IANA time zone; one is Asia/Kolkata") from error


def cut(first: date, last: date, *, zone: ZoneInfo, by: Step, now: datetime) -> Cut:
    """Cut the local days first to last, both included, into hours, days, weeks (from Monday), months, or not at all.

    Weeks and months that the days cover in part are cut off with them. What reaches back further than quarters are
    kept, or begins off a quarter, is cut into UTC days of the same dates instead, and `zone` is "UTC" then.
    Raises Uncuttable for hours that no sum tells any more, ValueError for days that are out of bounds.
    """
    _check(first, last, by)
    try:
        spans = _spans(first, last, zone=zone, by=by)
    except Uncuttable:
        spans = None
    if spans is not None:
        if by != "hour" and all(
            _begins_utc_day(span.begins) and _begins_utc_day(span.ends) for span in spans
        ):
            return Cut(zone.key, by, spans, of_days=True)
        if spans[0].begins >= now - REACH:
            return Cut(zone.key, by, spans, of_days=False)
    if by == "hour":
        raise Uncuttable(f"by: hours are told of the last {REACH.days} days only")
    return Cut("UTC", by, _spans(first, last, zone=UTC, by=by), of_days=True)


def _check(first: date, last: date, by: Step) -> None:
    most = MOST_DAYS_BY_HOUR if by == "hour" else MOST_DAYS
    if last < first:
        raise ValueError("last: it must not be before first")
    if (last - first).days >= most:
        raise ValueError(f"first: at most {most} days are told by {by}")
    if first < EARLIEST or last > LATEST:
        raise ValueError(f"first: days are told from {EARLIEST} to {LATEST}")


def _spans(first: date, last: date, *, zone: tzinfo, by: Step) -> tuple[Span, ...]:
    begins = [day for day in _days(first, last) if day == first or _opens(day, by)]
    edges = [_midnight(day, zone) for day in (*begins, last + timedelta(days=1))]
    if by == "hour":
        edges = [edge for begin, end in pairwise(edges) for edge in _hours(begin, end, zone)] + edges[-1:]
    return tuple(Span(begin, end) for begin, end in pairwise(edges))


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=back) for back in range((last - first).days + 1))


def _opens(day: date, by: Step) -> bool:
    match by:
        case "week":
            return day.weekday() == 0
        case "month":
            return day.day == 1
        case "all":
            return False
        case _:
            return True


def _midnight(day: date, zone: tzinfo) -> datetime:
    """Return the first moment of a local day. Raises Uncuttable where the day is not one stretch of quarters."""
    wall = datetime.combine(day, time(), zone)
    moment, again = wall.astimezone(UTC), wall.replace(fold=1).astimezone(UTC)
    begins, before = moment.astimezone(zone), (moment - _INSTANT).astimezone(zone)
    # Where clocks are set back over midnight, the day before comes again after this one has begun.
    comes_again = again > moment and (again - _INSTANT).astimezone(zone).date() != day
    if (
        begins.date() != day
        or before.date() >= day
        or comes_again
        or (moment - datetime.min.replace(tzinfo=UTC)) % _QUARTER
    ):
        raise Uncuttable(f"{day} does not begin on a quarter of an hour in {zone}")
    return begins


def _hours(begin: datetime, end: datetime, zone: tzinfo) -> Iterator[datetime]:
    """Yield the beginnings of the hours of a local day; an hour that comes twice is two, told apart by their offset."""
    shown, moment = None, begin.astimezone(UTC)
    while moment < end:
        local = moment.astimezone(zone)
        if (hour := (local.date(), local.hour, local.utcoffset())) != shown:
            shown = hour
            yield local
        moment += _QUARTER


def _begins_utc_day(moment: datetime) -> bool:
    return moment.astimezone(UTC).time() == time()
