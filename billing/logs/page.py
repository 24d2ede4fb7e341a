"""What the page Logs says: what is looked for, the bars and sums of it, and the list."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from accounts.models import Workspace
from billing import figures, reach
from billing.exploring import scope
from billing.exploring.scope import Scope
from billing.reach import Reach
from kernel import clock

from .bars import Bars, bars
from .codes import CODES
from .conditions import Conditions, conditions
from .drawing import Drawn, drawn
from .lines import Line, Listed, Writer, listed
from .marks import NOWHERE, Mark
from .sought import STATUSES, STRETCHES, Sought

__all__ = ["Page", "asked_of", "logs"]


@dataclass(frozen=True)
class Choice:
    """One of several lists that a control leads to."""

    name: str
    address: str
    chosen: bool


@dataclass(frozen=True)
class Chip:
    """A condition, and the list without it."""

    field: str
    value: str
    without: str


@dataclass(frozen=True)
class Page:
    """Everything on the page but the pane."""

    sought: Sought
    scope: Scope
    reach: Reach
    zone: str
    listed: Listed
    open: list[Line]
    lines: list[Line]
    bars: Bars
    drawn: Drawn | None
    here: str
    first: bool

    @property
    def rows(self) -> list[Line]:
        """The list: what runs now comes first."""
        return [*self.open, *self.lines]

    @property
    def stretches(self) -> list[Choice]:
        """The times that are offered."""
        kept = [
            (name, value)
            for name, value in self.sought.pairs()
            if name not in ("range", "from", "to", "charge")
        ]
        return [
            Choice(name, "?" + urlencode([("range", key), *kept]), self.sought.stretch == key)
            for key, name in STRETCHES.items()
        ]

    @property
    def time(self) -> str:
        """The time in words."""
        if self.sought.ends is None:
            return STRETCHES[self.sought.stretch]
        begins, ends = self.sought.begins, self.sought.ends
        same = begins.date() == (ends - timedelta(minutes=1)).date()
        last = f"{ends:%H:%M}" if same else f"{figures.day(ends.date())} {ends:%H:%M}"
        return f"{figures.day(begins.date())} {begins:%H:%M} – {last}"

    @property
    def chips(self) -> list[Chip]:
        """What is looked for."""
        return [
            Chip(field, self._called(name, text), self.sought.less(name, value).address())
            for name, value, field, text in self.sought.named
        ]

    def _called(self, name: str, text: str) -> str:
        if name == "key":
            return self.scope.called("key", text)
        return STATUSES[text] if name == "status" else text

    @property
    def failed(self) -> str:
        """The list of those that failed."""
        return self.sought.of_status("failed").address()

    @property
    def refused(self) -> str:
        """The list of those that were refused."""
        return self.sought.of_status("refused").address()

    @property
    def statuses(self) -> list[tuple[str, str]]:
        """The statuses to choose from."""
        return list(STATUSES.items())

    @property
    def codes(self) -> list[str]:
        """The codes to choose from."""
        return list(CODES)

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What the search's form carries along."""
        return [(name, value) for name, value in self.sought.pairs() if name != "q"]

    @property
    def kept_by_time(self) -> list[tuple[str, str]]:
        """What the form of the time carries along."""
        return [pair for pair in self.sought.pairs() if pair[0] not in ("range", "from", "to", "charge")]

    @property
    def kept_by_filter(self) -> list[tuple[str, str]]:
        """What the form of filters carries along: it sets those that there is one of."""
        return [pair for pair in self.sought.pairs() if pair[0] not in ("cost", "slower", "tokens")]

    @property
    def from_local(self) -> str:
        """The beginning as an input of the browser wants it."""
        return f"{self.sought.begins:%Y-%m-%dT%H:%M}"

    @property
    def to_local(self) -> str:
        """The end as an input of the browser wants it."""
        return f"{self.sought.ends or clock.now().astimezone(self.sought.zone):%Y-%m-%dT%H:%M}"

    @property
    def cost(self) -> str:
        """The least charge, as it is typed."""
        return dict(self.sought.pairs()).get("cost", "")

    @property
    def older(self) -> str:
        """The next page, or nothing."""
        return self.sought.address(before=str(self.listed.older)) if self.listed.older else ""

    @property
    def newest(self) -> str:
        """The list from its beginning."""
        return self.sought.address()

    @property
    def watched(self) -> str:
        """Where a script asks whether something came; nothing where nothing can."""
        return self.sought.address(since=str(self.listed.newest)) if self.sought.live and self.first else ""


def logs(workspace: Workspace, sought: Sought, mark: Mark) -> Page:
    """Read the page behind a mark. Raises ValueError for a name that the workspace does not have."""
    within = reach.of(workspace.terms.retention_days)
    names = scope.of(workspace.pk)
    asked = conditions(workspace.pk, sought, names, reach=within)
    found = listed(asked, mark, first=mark == NOWHERE)
    writer = Writer(names, clock.now(), sought.zone)
    counted = bars(workspace.pk, sought, asked)
    return Page(
        sought=sought,
        scope=names,
        reach=within,
        zone=workspace.time_zone,
        listed=found,
        open=[writer.line(row) for row in found.open],
        lines=[writer.line(row) for row in found.ended],
        bars=counted,
        drawn=None if sought.charge is not None else drawn(counted, sought),
        here=sought.address() if mark == NOWHERE else sought.address(before=str(mark)),
        first=mark == NOWHERE,
    )


def asked_of(workspace: Workspace, sought: Sought) -> Conditions:
    """Return what is looked for in a workspace, as its list does."""
    within = reach.of(workspace.terms.retention_days)
    return conditions(workspace.pk, sought, scope.of(workspace.pk), reach=within)
