"""What the page Activity says: the controls with where they lead, the total, the chart, and the table of its numbers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, time, timedelta
from urllib.parse import urlencode

from accounts.models import Workspace
from billing import charts, figures, statements
from billing.statements import Measures
from kernel import clock

from . import drawing, tally
from .booked import Booked, booked
from .metrics import Metric, Reading, Value, value
from .question import GROUPS, SHAPES, STEPS, Question
from .scope import Scope
from .stretches import STRETCHES
from .tally import Answer, Member

__all__ = ["Page", "activity"]

_COLOUR_DAYS = 30  # as on Home: a model has one colour in a workspace, whatever is shown
_MOST_BARS_WRITTEN = 100


@dataclass(frozen=True)
class Choice:
    """One of several views that a control leads to."""

    name: str
    address: str
    chosen: bool


@dataclass(frozen=True)
class Chip:
    """A filter, and the view without it."""

    field: str
    value: str
    without: str


@dataclass(frozen=True)
class Line:
    """A member's row; `width` is percent of the greatest, money in nano-USD.

    `narrower` is the view of it alone, `logged` what finds its requests one by one.
    """

    member: Member
    colour: str
    narrower: str
    logged: str
    value: Value
    width: float
    share: str
    before: Value | None
    change: str

    @property
    def used(self) -> Measures:
        """All that it used."""
        return self.member.total


@dataclass(frozen=True)
class Step:
    """One bar's numbers, for those who read them: its name, its sum and those of the members, in their order."""

    name: str
    total: Value
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Page:
    """Everything on the page."""

    question: Question
    scope: Scope
    answer: Answer
    zone: str
    total: Value
    before: Value | None
    change: str
    lines: list[Line]
    chart: dict[str, object]
    words: str
    booked: Booked | None
    whole_days: bool

    @property
    def used(self) -> Measures:
        """All that was used."""
        return self.answer.found.total

    @property
    def steps(self) -> list[Choice]:
        """The lengths of a bar."""
        return [self._choice(step, self.question.per == step, per=step) for step in STEPS]

    @property
    def shapes(self) -> list[Choice]:
        """The ways to draw; shares are lines only."""
        if self.question.metric.unit == "share":
            return []
        chosen = self.question.shape
        return [self._choice(name, chosen == shape, shape=shape) for shape, name in SHAPES.items()]

    @property
    def stretches(self) -> list[Choice]:
        """The days that are offered."""
        chosen = self.question.stretch
        return [self._choice(name, chosen == key, stretch=key) for key, name in STRETCHES.items()]

    @property
    def chips(self) -> list[Chip]:
        """What the view is narrowed to."""
        return [
            Chip(GROUPS[name], self.scope.called(name, each), self.question.less(name, each).address)  # type: ignore[index]
            for name, named in self.question.narrowed.items()
            for each in named
        ]

    @property
    def in_utc(self) -> str:
        """The same view in days of UTC."""
        return replace(self.question, in_utc=True).address

    def kept(self, *names: str) -> list[tuple[str, str]]:
        """Return what a form that sets some names has to carry along."""
        return [(name, each) for name, each in self.question.pairs() if name not in names]

    @property
    def kept_by_sentence(self) -> list[tuple[str, str]]:
        """What the sentence's form carries along."""
        return self.kept("metric", "by", "compare")

    @property
    def kept_by_days(self) -> list[tuple[str, str]]:
        """What the form of days carries along."""
        return self.kept("range", "first", "last")

    @property
    def written(self) -> Iterator[Step]:
        """The numbers of each bar; none where there are too many to read."""
        found, metric = self.answer.found, self.question.metric
        if len(found.spans) > _MOST_BARS_WRITTEN:
            return
        for place, (span, whole) in enumerate(zip(found.spans, found.values, strict=True)):
            each = (metric.read(line.member.values[place]) for line in self.lines)
            yield Step(
                drawing.name_of_span(span.begins, self.question.per),
                value(metric, metric.read(whole)),
                tuple(value(metric, reading) for reading in each),
            )

    def _choice(self, name: str, chosen: bool, **changed: object) -> Choice:
        return Choice(name, replace(self.question, **changed).address, chosen)  # type: ignore[arg-type]


def activity(workspace: Workspace, question: Question, within: Scope) -> Page:
    """Read the page of a workspace for a question. Raises ValueError for what cannot be told."""
    answer = tally.ask(workspace.pk, question, within.only(question.narrowed))
    painted = drawing.colours(answer.members, _places(workspace) if question.by == "model" else None)
    metric, whole_days = question.metric, _of_whole_days(answer)
    total = metric.read(answer.found.total)
    before = metric.read(answer.before.total) if answer.before else None
    said = value(metric, total)
    return Page(
        question=question,
        scope=within,
        answer=answer,
        zone=answer.found.cut_in,
        total=said,
        before=_worth_saying(metric, before),
        change=_change(metric, total, before),
        lines=_lines(answer, question, painted),
        chart=drawing.drawn(answer, question, painted),
        words=drawing.words(answer, question, _spoken(said)),
        booked=_booked(workspace.pk, answer, question) if whole_days else None,
        whole_days=whole_days,
    )


def _places(workspace: Workspace) -> Mapping[int, int]:
    today = clock.utc_day(clock.now())
    return charts.rank(statements.daily(workspace.pk, today - timedelta(days=_COLOUR_DAYS - 1), today))


def _lines(answer: Answer, question: Question, painted: list[str]) -> list[Line]:
    metric = question.metric
    readings = [metric.read(member.total) for member in answer.members]
    whole = metric.read(answer.found.total).part
    most = max((reading.part for reading in readings), default=0)
    return [
        Line(
            member=member,
            colour=colour,
            narrower=_narrower(question, member),
            logged=_logged(answer, question, member),
            value=value(metric, reading),
            width=round(100 * max(reading.part, 0) / most, 2) if most > 0 else 0,
            share=figures.percent(reading.part, whole) if metric.unit != "share" else "",
            before=_worth_saying(metric, member.before),
            change=_change(metric, reading, member.before),
        )
        for member, reading, colour in zip(answer.members, readings, painted, strict=True)
    ]


def _narrower(question: Question, member: Member) -> str:
    if member.others or member.member in ("", "0"):
        return ""
    return question.narrower(question.by, _called(question, member)).address


def _logged(answer: Answer, question: Question, member: Member) -> str:
    if not _narrower(question, member) and question.by != "none":
        return ""
    spans = answer.found.spans
    edges = {"from": spans[0].begins, "to": spans[-1].ends}
    pairs = [
        (name, each) for name, named in question.narrowed.items() for each in named if name != question.by
    ]
    if question.by != "none":
        pairs.append((question.by, _called(question, member)))
    within = [(name, edge.isoformat(timespec="minutes")) for name, edge in edges.items()]
    return "?" + urlencode([("range", "span"), *within, *pairs])


def _called(question: Question, member: Member) -> str:
    """Return what a member is called in an address."""
    return member.name if question.by in ("model", "provider") else member.member


def _worth_saying(metric: Metric, before: Reading | None) -> Value | None:
    return None if before is None else value(metric, before)


def _change(metric: Metric, now: Reading, before: Reading | None) -> str:
    """Return +10.0 %, or of shares +0.31 points; nothing where there was nothing to compare with."""
    if before is None:
        return ""
    if metric.unit == "share":
        if not now.whole or not before.whole:
            return ""
        points = 100 * (now.part / now.whole - before.part / before.whole)
        return f"{'−' if points < 0 else '+'}{abs(points):.2f}\u00a0points"
    if before.part <= 0:
        return ""
    more = now.part >= before.part
    return ("+" if more else "") + figures.percent(now.part - before.part, before.part)


def _spoken(said: Value) -> str:
    if said.money is None:
        return said.text
    amount = figures.amount(said.money, decimals=2)
    return f"{amount.sign}${amount.whole}.{''.join(piece.digits for piece in (*amount.strong, *amount.dim))}"


def _of_whole_days(answer: Answer) -> bool:
    """Tell whether a view begins and ends with a UTC day, by which the ledger charges."""
    spans = answer.found.spans
    edges = (spans[0].begins.astimezone(UTC), spans[-1].ends.astimezone(UTC))
    return all(edge.time() == time() for edge in edges)


def _booked(workspace_id: int, answer: Answer, question: Question) -> Booked | None:
    if question.narrowed or question.metric.unit != "usd":
        return None
    spans = answer.found.spans
    last = spans[-1].ends.astimezone(UTC).date() - timedelta(days=1)
    return booked(workspace_id, spans[0].begins.astimezone(UTC).date(), last)
