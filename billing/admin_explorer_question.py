"""What a view of usage asks for, read from its address and written back to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from billing.overall import GROUPS, METRICS, MOST_DAYS, STEPS, Group, Step

__all__ = ["RANGES", "WORDS", "Question", "read"]

RANGES: Mapping[str, str] = {
    "today": "Today",
    "7": "Last 7 days",
    "30": "Last 30 days",
    "90": "Last 90 days",
    "month": "This month",
    "last": "Last month",
}
WORDS: Mapping[Group, str] = {
    "model": "model",
    "workspace": "workspace",
    "upstream": "upstream",
    "key": "key",
    "none": "nothing",
}


@dataclass(frozen=True, slots=True)
class Question:
    """What a view asks: `stretch` is one of RANGES, or empty for the days that are named."""

    metric: str
    by: Group
    per: Step
    stretch: str
    first: date
    last: date
    compare: bool
    only: Mapping[Group, int]

    def query(self, **other: str) -> str:
        """Return the view as it stands in an address."""
        days = {"range": self.stretch} if self.stretch else {"from": str(self.first), "to": str(self.last)}
        kept: dict[str, str] = {
            "metric": self.metric,
            "by": self.by,
            "per": self.per,
            **days,
            **{str(name): str(number) for name, number in self.only.items()},
        }
        return "?" + urlencode({**kept, **({"compare": "1"} if self.compare else {}), **other})


def read(asked: Mapping[str, str], *, today: date, money_seen: bool) -> Question:
    """Return what an address asks for; what it leaves out, or is nonsense, is the standing view: 30 days by model."""
    offered = [key for key, metric in METRICS.items() if money_seen or not metric.money]
    metric = asked.get("metric", "")
    by: Group = next((group for group in GROUPS if group == asked.get("by")), "model")
    first, last, stretch = _days(asked, today)
    length = (last - first).days + 1
    fitting = [step for step in STEPS if length <= MOST_DAYS[step]]
    per = next(
        (step for step in fitting if step == asked.get("per")),
        "hour" if length == 1 else _day_or_more(fitting),
    )
    only: dict[Group, int] = {
        name: int(value) for name in WORDS if name != "none" and _is_number(value := asked.get(name, ""))
    }
    return Question(
        metric if metric in offered else offered[0],
        by,
        per,
        stretch,
        first,
        last,
        asked.get("compare") == "1",
        only,
    )


def _days(asked: Mapping[str, str], today: date) -> tuple[date, date, str]:
    stretch = asked.get("range", "")
    opened = today.replace(day=1)
    match stretch:
        case "today":
            return today, today, stretch
        case "7" | "30" | "90":
            return today - timedelta(days=int(stretch) - 1), today, stretch
        case "month":
            return opened, today, stretch
        case "last":
            closed = opened - timedelta(days=1)
            return closed.replace(day=1), closed, stretch
    try:
        first, last = date.fromisoformat(asked.get("from", "")), date.fromisoformat(asked.get("to", ""))
    except ValueError:
        return today - timedelta(days=29), today, "30"
    if not date(2000, 1, 1) <= first <= last <= today + timedelta(days=1) or (last - first).days >= max(
        MOST_DAYS.values()
    ):
        return today - timedelta(days=29), today, "30"
    return first, last, ""


def _day_or_more(fitting: list[Step]) -> Step:
    return next(step for step in fitting if step != "hour")


def _is_number(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) < 19
