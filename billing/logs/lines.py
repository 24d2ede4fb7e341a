"""The list as it is read: what runs now on top, then settled requests and refusals in one order, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from uuid import UUID

from billing import figures
from billing.exploring.scope import Scope
from billing.recent import ENDINGS
from billing.statements import Group

from . import reading
from .codes import code_of
from .conditions import Conditions
from .marks import EventKey, Mark
from .reading import Open, Refused, Settled

__all__ = ["PAGE", "Line", "Listed", "Writer", "listed"]

PAGE = 50


@dataclass(frozen=True, slots=True)
class Line:
    """One request, ready to be set; `charge` and `held` in nano-USD, None where there is none."""

    request_id: UUID
    at: datetime
    clock: str
    age: str
    badge: str
    ending: str
    model: str
    key: str
    upstream: str
    tokens: str
    first_token: str
    charge: int | None
    held: int | None

    @property
    def running(self) -> bool:
        """Whether it has not ended: what runs holds its charge."""
        return self.held is not None

    @property
    def stamp(self) -> str:
        """When that was, in UTC, as machines read it."""
        return self.at.astimezone(UTC).isoformat()


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of the list: what runs now, what has ended, where it goes on.

    `newest` is behind nothing that was there, fitting or not: what comes since is counted from it.
    """

    open: tuple[Open, ...]
    ended: tuple[Settled | Refused, ...]
    newest: Mark
    older: Mark | None
    looked_through: bool
    """Whether the page ended because it had looked through as many as it may, not because it was full."""


def listed(asked: Conditions, mark: Mark, *, first: bool) -> Listed:
    """Return the page behind a mark; what runs now is on the `first` alone."""
    settled = reading.settled(asked, mark, limit=PAGE + 1)
    refused = reading.refused(asked, mark, limit=PAGE + 1)
    both: list[Settled | Refused] = [*settled, *refused]
    ended = sorted(both, key=lambda row: row.at, reverse=True)
    shown = _in_order(ended, settled, refused)[:PAGE]
    older = _marked(shown, mark) if len(ended) > len(shown) else None
    stopped = None
    if older is None and asked.events:  # without a condition each one looked at fits
        stopped = reading.lookahead(asked, mark)
        if stopped is not None:
            older = _marked(shown, mark).after(event=stopped)
    return Listed(
        open=tuple(reading.open_now(asked)) if first else (),
        ended=tuple(shown),
        newest=Mark(_newest(asked, settled) if first else None, refused[0].request_id if refused else None),
        older=older,
        looked_through=stopped is not None,
    )


def _newest(asked: Conditions, settled: Sequence[Settled]) -> EventKey | None:
    """Return the request that was settled last; where each one fits, the first that was read is it."""
    return settled[0].key if settled and not asked.events else reading.newest(asked)


def _in_order(
    ended: Sequence[Settled | Refused], settled: Sequence[Settled], refused: Sequence[Refused]
) -> list[Settled | Refused]:
    """Merge both lists by time, and keep each in its own order, by which it is walked."""
    events, refusals = iter(settled), iter(refused)
    return [next(events) if isinstance(row, Settled) else next(refusals) for row in ended]


def _marked(shown: Sequence[Settled | Refused], mark: Mark) -> Mark:
    for row in shown:
        mark = mark.after(event=row.key) if isinstance(row, Settled) else mark.after(refusal=row.request_id)
    return mark


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes rows as lines: with the names of a workspace, as of a moment, by the clock of a zone."""

    scope: Scope
    now: datetime
    zone: tzinfo

    def line(self, row: Settled | Refused | Open) -> Line:
        """Return how a row is read."""
        match row:
            case Settled():
                return self._settled(row)
            case Refused():
                return self._refused(row)
            case _:
                return self._open(row)

    def _settled(self, row: Settled) -> Line:
        badge, ending = ENDINGS[row.status]
        return self._line(
            row,
            badge=badge,
            ending=ending or f"{row.http_status} {row.error_code}".strip(),
            model=self.name("model", row.model_id),
            upstream=self.name("provider", row.provider_id),
            tokens=figures.count(row.tokens) if row.tokens else "—",
            first_token="—" if row.ttfb_ms is None else figures.milliseconds(row.ttfb_ms),
            charge=row.cost if badge != "failed" or row.cost else None,
        )

    def _refused(self, row: Refused) -> Line:
        code = code_of(row.code)
        ending = f"{code.status} {code.short}" if code.status else code.short
        return self._line(row, badge="refused", ending=ending, model=row.model or "—")

    def _open(self, row: Open) -> Line:
        waiting = row.first_byte_at is None
        return self._line(
            row,
            badge="live",
            ending="Waiting" if waiting else "Streaming" if row.stream else "Running",
            model=self.name("model", row.model_id),
            upstream=self.name("provider", row.provider_id),
            tokens=figures.count(row.tokens) if row.tokens else "—",
            first_token="—"
            if row.first_byte_at is None
            else figures.milliseconds(round((row.first_byte_at - row.at).total_seconds() * 1000)),
            held=row.hold,
        )

    def _line(
        self,
        row: Settled | Refused | Open,
        *,
        badge: str,
        ending: str,
        model: str,
        upstream: str = "—",
        tokens: str = "—",
        first_token: str = "—",
        charge: int | None = None,
        held: int | None = None,
    ) -> Line:
        clock, age = figures.moment(row.at, now=self.now, zone=self.zone)
        return Line(
            request_id=row.request_id,
            at=row.at,
            clock=clock,
            age=age,
            badge=badge,
            ending=ending,
            model=model,
            key=self.name("key", row.api_key_id),
            upstream=upstream,
            tokens=tokens,
            first_token=first_token,
            charge=charge,
            held=held,
        )

    def name(self, of: Group, number: int) -> str:
        """Return what a key, model or upstream is called; one that is gone keeps its number."""
        names = {"key": self.scope.keys, "model": self.scope.models, "provider": self.scope.providers}[of]
        return names.get(number) or (f"{of} {number}" if number else "—")
