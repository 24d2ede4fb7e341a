"""Rows of made-up usage as COPY reads them: requests of one day in the order of time, their tries, their refusals."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache

from django.db.backends.utils import CursorWrapper

from billing.refusals import DETAILS
from kernel import clock

from . import shapes
from .customers import Customer, Habit
from .days import Spread, bursts, within
from .shapes import Shape

__all__ = ["Day", "written"]

_LINES_AT_ONCE = 2_000
_REFUSED_SHARE = 0.012
_EVENTS = ", ".join(
    ("id", "request_id", "workspace_id", "api_key_id", "tag", "charge_no", "minute_no", "admitted_at", "recorded_at", *shapes.COLUMNS)
)  # fmt: skip
_ATTEMPTS = "id, request_id, workspace_id, number, provider_id, endpoint_id, upstream_model, outcome, http_status, started_at, milliseconds"
_COUNTS = "workspace_id, minute_no, api_key_id, model, code, refusals"
_REFUSALS = "request_id, workspace_id, minute_no, api_key_id, model, code, message, refused_at, weight, cap, used, required, available, held"
# Code, what is said, the cap of its window, and its weight among refusals.
_CODES = (
    (
        "MINUTE_REQUEST_LIMIT_EXCEEDED",
        "Your workspace had already used 100 of 100 requests in this minute.",
        100,
        60,
    ),
    (
        "DAILY_REQUEST_LIMIT_EXCEEDED",
        "Your workspace had already used 3,000 of 3,000 requests today.",
        3000,
        15,
    ),
    ("CREDITS_HELD", "It would fit, but running requests hold the credit.", 0, 10),
    ("MODEL_NOT_ALLOWED", "Your plan does not include this model.", 0, 8),
    ("KEY_BUDGET_EXCEEDED", "The key's own spend limit is reached.", 0, 7),
)


@dataclass(slots=True)
class Day:
    """What was written: requests, tries, minutes with refusals, and what each workspace has to pay in nano-USD."""

    requests: int = 0
    tries: int = 0
    refused: int = 0
    costs: dict[int, int] = field(default_factory=dict)

    def add(self, other: "Day") -> None:
        """Count what another counted too."""
        self.requests += other.requests
        self.tries += other.tries
        self.refused += other.refused
        for workspace, cost in other.costs.items():
            self.costs[workspace] = self.costs.get(workspace, 0) + cost


@dataclass(frozen=True, slots=True)
class _Asked:
    at_ms: int
    customer: Customer
    habit: Habit
    shape: Shape


def written(
    cursor: CursorWrapper,
    place: int,
    spread: Spread,
    customers: Sequence[Customer],
    worn: Sequence[Sequence[Shape]],
    names: Sequence[str],
    dice: random.Random,
    *,
    details_from: datetime,
) -> Day:
    """Write the requests of the day of that place with tries and refusals, by COPY; `worn` and `names` go by ware.

    Refusals before `details_from` are only counted, as they would be by now. Accounts are left to the caller.
    """
    day = spread.days[place]
    asked = sorted(_asked(place, spread, customers, worn, dice), key=lambda each: each.at_ms)
    told = Day(requests=len(asked))
    tries: list[str] = []
    _copy(cursor, "billing_usage_event", _EVENTS, _requests(asked, told, tries, dice))
    _copy(cursor, "billing_attempt", _ATTEMPTS, iter(tries))
    told.tries = len(tries)
    counts, details = _refused(asked, day, spread, names, dice, details_from=details_from)
    _copy(cursor, "billing_refusal_count", _COUNTS, iter(counts))
    _copy(cursor, "billing_refusal", _REFUSALS, iter(details))
    told.refused = len(counts)
    return told


def _asked(
    place: int,
    spread: Spread,
    customers: Sequence[Customer],
    worn: Sequence[Sequence[Shape]],
    dice: random.Random,
) -> Iterator[_Asked]:
    day = spread.days[place]
    begin, ends = spread.moments(day, dice), spread.ends_ms(day)
    for customer in customers:
        for length in bursts(spread.share(place, customer.requests), dice):
            habit = dice.choice(customer.habits)
            kinds = worn[habit.ware]
            for at_ms in within(next(begin), length, ends, dice):
                yield _Asked(max(at_ms, spread.begins_ms(day)), customer, habit, dice.choice(kinds))


def _requests(asked: Sequence[_Asked], told: Day, tries: list[str], dice: random.Random) -> Iterator[str]:
    costs = told.costs
    for each in asked:
        customer, shape, at = each.customer, each.shape, each.at_ms
        request = _id(at, dice)
        costs[customer.workspace_id] = costs.get(customer.workspace_id, 0) + shape.cost
        if shape.tries:
            tries.extend(_tried(request, each))
        yield (
            f"{request:032x}\t{request:032x}\t{each.habit.text}\t{customer.charge_no}\t{at // 60_000}\t"
            f"{_moment(at)}\t{_moment(at + shape.latency_ms)}\t{shape.text}\n"
        )


def _tried(request: int, asked: _Asked) -> Iterator[str]:
    for number, each in enumerate(asked.shape.tries, start=1):
        place, status = each.place, "\\N" if each.http_status is None else each.http_status
        yield (
            f"{request | number:032x}\t{request:032x}\t{asked.customer.workspace_id}\t{number}\t{place.provider_id}\t"
            f"{place.endpoint_id}\t{place.upstream_model}\t{each.outcome}\t{status}\t"
            f"{_moment(asked.at_ms + each.after_ms)}\t{each.milliseconds}\n"
        )


def _refused(
    asked: Sequence[_Asked],
    day: date,
    spread: Spread,
    names: Sequence[str],
    dice: random.Random,
    *,
    details_from: datetime,
) -> tuple[list[str], list[str]]:
    """Draw refusals that come in the minutes of requests: whoever is refused had just been let in."""
    left, seen = int(len(asked) * _REFUSED_SHARE), set()
    counts, details = [], []
    while left > 0 and asked:
        each = dice.choice(asked)
        minute, model = each.at_ms // 60_000, names[each.habit.ware]
        code, says, cap, _ = dice.choices(_CODES, weights=[row[-1] for row in _CODES])[0]
        number = min(left, 1 + int(dice.expovariate(1 / 6)))
        left -= number
        if (each.customer.workspace_id, minute) in seen:
            continue
        seen.add((each.customer.workspace_id, minute))
        counts.append(
            f"{each.customer.workspace_id}\t{minute}\t{each.habit.key_id}\t{model}\t{code}\t{number}\n"
        )
        if clock.start_of_minute(minute) >= details_from:
            ends = min((minute + 1) * 60_000, spread.ends_ms(day))
            for _ in range(min(number, DETAILS)):
                at = dice.randrange(minute * 60_000, ends)
                details.append(
                    f"{_id(at, dice):032x}\t{each.customer.workspace_id}\t{minute}\t{each.habit.key_id}\t{model}\t{code}\t"
                    f"{says}\t{_moment(at)}\t1\t{cap}\t{cap}\t0\t0\t0\n"
                )
    return counts, details


def _id(at_ms: int, dice: random.Random) -> int:
    # A version 7 id as `kernel.ids` makes them, at a moment that has passed.
    bits = dice.getrandbits(66)
    return at_ms << 80 | 0x7 << 76 | (bits & 0xFFF) << 64 | 0b10 << 62 | (bits >> 12) << 8


def _moment(at_ms: int) -> str:
    minute, rest = divmod(at_ms, 60_000)
    return f"{_minute(minute)}:{rest // 1000:02d}.{rest % 1000:03d}+00"


@lru_cache(maxsize=2 * clock.MINUTES_PER_DAY)
def _minute(number: int) -> str:
    return f"{clock.start_of_minute(number):%Y-%m-%d %H:%M}"


def _copy(cursor: CursorWrapper, table: str, columns: str, lines: Iterator[str]) -> None:
    with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        block: list[str] = []
        for line in lines:
            block.append(line)
            if len(block) == _LINES_AT_ONCE:
                copy.write("".join(block))
                block.clear()
        copy.write("".join(block))
