"""What a question comes to: a few members apart, the rest as one, each beside the days before; nothing is lost."""

from collections.abc import Sequence
from dataclasses import dataclass

from billing.statements import MOST_MEMBERS, Cut, Group, Measures, Only, Series, Spend, cut, spend_in
from kernel import clock

from .metrics import Metric, Reading
from .question import Question
from .stretches import Days

__all__ = ["APART", "NOTHING", "Answer", "Member", "ask", "name_of"]

APART = 6
"""How many members have a colour of their own; the rest is told as one."""
_MOST_CELLS = 20_000
"""About how many sums one answer reads: with many steps fewer members are told apart."""
NOTHING = Measures()
_MISSING: dict[Group, str] = {"tag": "no tag", "provider": "no upstream", "none": "All requests"}


@dataclass(frozen=True, slots=True)
class Member:
    """One key, model, upstream or tag, or all the `others` as one; `before` is None where it cannot be told."""

    member: str
    name: str
    others: int
    values: tuple[Measures, ...]
    total: Measures
    before: Reading | None


@dataclass(frozen=True, slots=True)
class Answer:
    """Usage as it was asked for: Σ `members` = `found.total`, in every measure."""

    found: Spend
    before: Spend | None
    members: tuple[Member, ...]
    exported: int
    """How many rows the export has: members by steps in which they used anything."""


def ask(workspace_id: int, question: Question, only: Only) -> Answer:
    """Return what a question comes to. Raises ValueError for days that no sum tells."""
    found = _spend(workspace_id, question, question.days, only)
    before = _spend(workspace_id, question, question.before, only) if question.compare else None
    return Answer(found, before, _members(found, before, question), _used(found.series))


def _spend(workspace_id: int, question: Question, days: Days, only: Only) -> Spend:
    made = cut(days.first, days.last, zone=question.zone, by=question.per, now=clock.now())
    ranked_by = question.metric.out_of or question.metric.columns
    return spend_in(
        workspace_id, made, group=question.by, only=only, top=_told_apart(made), ranked_by=ranked_by
    )


def _told_apart(made: Cut) -> int:
    return max(APART + 1, min(MOST_MEMBERS, _MOST_CELLS // len(made.spans)))


def _members(found: Spend, before: Spend | None, question: Question) -> tuple[Member, ...]:
    named = [series for series in found.series if not series.others]
    rest = [*named[APART:], *(series for series in found.series if series.others)]
    if len(rest) == 1 and not rest[0].others:
        apart, rest = named, []  # a single one needs no other name
    else:
        apart = named[:APART]
    was = _Earlier(before, question.metric)
    members = [_member(series, question, was.of(series.member)) for series in apart]
    return (*members, _others(rest, was.beside(members))) if rest else tuple(members)


def _member(series: Series, question: Question, before: Reading | None) -> Member:
    name = name_of(series, question.by)
    return Member(series.member, name, 0, series.values, series.total, before)


def name_of(series: Series, by: Group) -> str:
    """Return what a member is called; some usage has no tag, and a request that failed early no upstream."""
    if series.others:
        return f"Other ({series.others})"
    return _MISSING[by] if series.member in ("", "0") and by in _MISSING else series.name


def _others(rest: Sequence[Series], before: Reading | None) -> Member:
    others = sum(series.others or 1 for series in rest)
    return Member(
        member="",
        name=f"Other ({others})",
        others=others,
        values=tuple(sum(each, Measures()) for each in zip(*(series.values for series in rest), strict=True)),
        total=sum((series.total for series in rest), Measures()),
        before=before,
    )


class _Earlier:
    """What each member came to in the days before, as far as those were told apart."""

    def __init__(self, before: Spend | None, metric: Metric) -> None:
        series = before.series if before else ()
        self._readings = {each.member: metric.read(each.total) for each in series if not each.others}
        self._missing = None if before is None or any(each.others for each in series) else Reading()
        self._total = metric.read(before.total) if before else None

    def of(self, member: str) -> Reading | None:
        """Return what a member came to."""
        return self._readings.get(member, self._missing)

    def beside(self, members: Sequence[Member]) -> Reading | None:
        """Return what all others came to."""
        left = self._total
        for member in members:
            left = None if left is None or member.before is None else left.less(member.before)
        return left


def _used(series: Sequence[Series]) -> int:
    return sum(value != NOTHING for each in series for value in each.values)
