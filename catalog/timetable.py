"""Which price is in force when: a promotion, else a time of day, else the standard price; pure reckoning."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from .pricing import RateCard

__all__ = ["EVERY_DAY", "MINUTES_PER_DAY", "WEEKDAYS", "Coming", "Timetable", "Version", "Window"]

MINUTES_PER_DAY = 1440
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVERY_DAY = 127  # bit 0 is Monday
_MINUTES_PER_WEEK = 7 * MINUTES_PER_DAY


@dataclass(frozen=True, slots=True)
class Window:
    """A time of the UTC day, in minutes, on the weekdays on which it begins; it may run past midnight."""

    begins: int
    ends: int
    weekdays: int

    def spans(self) -> list[tuple[int, int]]:
        """Return from when until when it holds, in minutes since Monday 00:00 UTC."""
        length = (self.ends - self.begins) % MINUTES_PER_DAY or MINUTES_PER_DAY
        found = []
        for day in range(7):
            if not self.weekdays >> day & 1:
                continue
            start = day * MINUTES_PER_DAY + self.begins
            end = start + length
            found.append((start, min(end, _MINUTES_PER_WEEK)))
            if end > _MINUTES_PER_WEEK:  # Sunday's night goes on on Monday
                found.append((0, end - _MINUTES_PER_WEEK))
        return found

    def __str__(self) -> str:
        days = [name.title() for day, name in enumerate(WEEKDAYS) if self.weekdays >> day & 1]
        on = "" if self.weekdays == EVERY_DAY else f" {', '.join(days)}"
        return f"{_clock(self.begins)} to {_clock(self.ends)} UTC{on}"


@dataclass(frozen=True, slots=True)
class Version:
    """One price version and when it applies; `valid_until` is the first moment at which it does not."""

    card: RateCard
    valid_from: datetime
    valid_until: datetime | None = None
    kind: str = "standard"
    window: Window | None = None
    label: str = ""

    def spans(self, moment: datetime) -> bool:
        """Tell whether a moment is within its dates, whatever the time of day."""
        return self.valid_from <= moment and (self.valid_until is None or moment < self.valid_until)

    def first(self) -> datetime:
        """Return the first moment at which it holds, the times of day considered."""
        if self.window is None:
            return self.valid_from
        minute, spans = _minute_of_week(self.valid_from), self.window.spans()
        if any(start <= minute < end for start, end in spans):
            return self.valid_from
        wait = min((start - minute) % _MINUTES_PER_WEEK for start, _ in spans)
        return self.valid_from.replace(second=0, microsecond=0) + timedelta(minutes=wait)


@dataclass(frozen=True, slots=True)
class Coming:
    """The next dated change of a price: when, and the version that counts from then; None ends the sale."""

    at: datetime
    version: Version | None


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A time in which no version begins or ends; `minutes` of the week begin what `by_minute` has, if any."""

    version: Version | None
    windows: tuple[Version, ...] = ()
    minutes: tuple[int, ...] = ()
    by_minute: tuple[Version | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Timetable:
    """The versions of one price, newest first, laid out so that asking for a moment is one or two searches."""

    versions: tuple[Version, ...] = ()
    _starts: tuple[datetime, ...] = field(init=False, repr=False, compare=False)
    _stretches: tuple[_Stretch, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        known = [v for v in self.versions if v.valid_until is None or v.valid_until > v.valid_from]
        known.sort(key=_age, reverse=True)
        ends = {version.valid_until for version in known if version.valid_until is not None}
        starts = sorted(ends | {version.valid_from for version in known})
        object.__setattr__(self, "versions", tuple(known))
        object.__setattr__(self, "_starts", tuple(starts))
        object.__setattr__(self, "_stretches", tuple(_stretches(known, starts)))

    def at(self, moment: datetime) -> Version | None:
        """Return the version in force at a moment, or None."""
        place = bisect_right(self._starts, moment)
        if not place:
            return None
        stretch = self._stretches[place - 1]
        if not stretch.minutes:
            return stretch.version
        return stretch.by_minute[bisect_right(stretch.minutes, _minute_of_week(moment)) - 1]

    def windows(self, moment: datetime) -> tuple[Version, ...]:
        """Return the times of day that have prices of their own at this time, newest first."""
        place = bisect_right(self._starts, moment)
        return self._stretches[place - 1].windows if place else ()

    def coming(self, moment: datetime) -> Coming | None:
        """Return the next dated change after a moment, or None. That a time of day comes round is no change."""
        place = bisect_right(self._starts, moment)
        now = self._stretches[place - 1] if place else _Stretch(None)
        for start, then in zip(self._starts[place:], self._stretches[place:], strict=True):
            if then.version != now.version:
                return Coming(start, then.version)
            if then.windows != now.windows:
                new = [version for version in then.windows if version not in now.windows]
                return Coming(start, new[0] if new else then.version)
        return None

    @property
    def borders(self) -> tuple[datetime, ...]:
        """The moments at which a version begins or ends, in order; times of day begin and end at whole minutes besides."""
        return self._starts

    @property
    def dated(self) -> tuple[tuple[datetime, Version], ...]:
        """From when on which version counts, newest first, times of day left aside."""
        pairs = zip(self._starts, self._stretches, strict=True)
        return tuple((start, each.version) for start, each in pairs if each.version is not None)[::-1]

    @property
    def standards(self) -> tuple[Version, ...]:
        """The standard prices, newest first."""
        return tuple(version for version in self.versions if version.kind == "standard")


def _stretches(known: Sequence[Version], starts: Iterable[datetime]) -> Iterable[_Stretch]:
    standards = sorted((v for v in known if v.kind == "standard"), key=_age)
    begun = [version.valid_from for version in standards]
    special = [version for version in known if version.kind != "standard"]
    for start in starts:
        place = bisect_right(begun, start)
        standing = standards[place - 1] if place else None
        alive = [version for version in special if version.spans(start)]
        promotion = next((version for version in alive if version.kind == "promotion"), None)
        windows = tuple(version for version in alive if version.window is not None)
        if promotion is not None:
            yield _Stretch(promotion)
        elif windows:
            yield _Stretch(standing, windows, *_week(standing, windows))
        else:
            yield _Stretch(standing)


def _week(
    standing: Version | None, windows: Iterable[Version]
) -> tuple[tuple[int, ...], tuple[Version | None, ...]]:
    """Lay the windows over a week, newest first: the minutes at which the price changes, and to what."""
    spans = [(span, v) for v in windows if v.window is not None for span in v.window.spans()]
    borders = sorted({0} | {border for span, _ in spans for border in span} - {_MINUTES_PER_WEEK})
    minutes: list[int] = []
    versions: list[Version | None] = []
    for border in borders:
        holding = next((v for (start, end), v in spans if start <= border < end), standing)
        if not versions or versions[-1] is not holding:
            minutes.append(border)
            versions.append(holding)
    return tuple(minutes), tuple(versions)


def _minute_of_week(moment: datetime) -> int:
    utc = moment.astimezone(UTC)
    return utc.weekday() * MINUTES_PER_DAY + utc.hour * 60 + utc.minute


def _age(version: Version) -> tuple[datetime, int]:
    # Of two from one moment the later row counts, so that there is one answer.
    return version.valid_from, version.card.version_id


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
