"""The limits of a workspace as meters: how full each window is, in words and in width."""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from billing import figures
from billing.statements import Limits, Meter

__all__ = ["Gauge", "gauges"]

_NEAR, _FULL = 80, 100  # percent of the cap


@dataclass(frozen=True)
class Gauge:
    """One window, ready to be set; width is percent of the cap, resets_at None for streams."""

    label: str
    used: int
    cap: int | None
    width: int
    state: str
    words: str
    resets_at: datetime | None
    left: str
    clock: str

    @property
    def shown(self) -> int:
        """How far the meter stands: weighted requests may overshoot a cap, a meter may not."""
        return self.used if self.cap is None else min(self.used, self.cap)


def gauges(limits: Limits, *, now: datetime, zone: tzinfo) -> list[Gauge]:
    """Return the meters for minute, hour, day and streams; clocks are in the zone."""
    windows = (
        ("This minute", limits.minute, "requests"),
        ("This hour", limits.hour, "requests"),
        ("Today", limits.day, "requests"),
        ("Streams open", limits.streams, "streams"),
    )
    return [_gauge(label, meter, unit=unit, now=now, zone=zone) for label, meter, unit in windows]


def _gauge(label: str, meter: Meter, *, unit: str, now: datetime, zone: tzinfo) -> Gauge:
    share = 0 if meter.cap is None else 100 if meter.used >= meter.cap else meter.used * 100 // meter.cap
    clock = f"{meter.resets_at.astimezone(zone):%H:%M}" if meter.resets_at else ""
    cap = "no cap" if meter.cap is None else f"of {figures.count(meter.cap)}"
    return Gauge(
        label=label,
        used=meter.used,
        cap=meter.cap,
        width=share,
        state="full" if share >= _FULL else "near" if share > _NEAR else "",
        words=f"{figures.count(meter.used)} {cap} {unit}" + (f", resets at {clock}" if clock else ""),
        resets_at=meter.resets_at,
        left=figures.span(int((meter.resets_at - now).total_seconds())) if meter.resets_at else "",
        clock=clock,
    )
