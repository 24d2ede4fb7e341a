"""How a file is taken in, what is decided of its lines, and how it is written out again."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import OuterRef, QuerySet, Subquery

from billing.models import LineDecision, UpstreamFile, UpstreamLine
from kernel import clock, money, spreadsheets
from kernel.spreadsheets import Figure

from . import ours
from .matching import Line, match
from .reading import Unreadable, read

__all__ = ["MOST_DECIDED", "decide", "decided", "exported", "take_in"]

MOST_DAYS = 100
MOST_DECIDED = 50_000
_AT_ONCE = 2_000
_LONGEST_NAME = 200
_UNTOLD = ("matched",)

Verdict = LineDecision.Verdict


def take_in(
    content: bytes, *, provider_id: int, name: str, preset: str, given: Mapping[str, str], by: str
) -> UpstreamFile:
    """Read an upstream's file, hold it against our rows, and keep what comes of it.

    Raises Unreadable for what cannot be read, spans more than MOST_DAYS days, or was read before.
    """
    lines, chosen = read(content, preset=preset, given=given)
    first, last = min(line.day for line in lines), max(line.day for line in lines)
    if last - first >= timedelta(days=MOST_DAYS):
        raise Unreadable(f"its lines are of {first} to {last}; a file may span {MOST_DAYS} days")
    leads, named = ours.called(provider_id)
    sums = ours.sums(provider_id, first, last, named)
    asked = [line.request_id for line in lines if line.request_id is not None]
    found = match(lines, requests=ours.requests(provider_id, asked, named), sums=sums, called=leads)
    costs = [line.cost for line in lines if line.cost is not None]
    file = UpstreamFile(
        provider_id=provider_id,
        name=name[:_LONGEST_NAME],
        digest=hashlib.sha256(content).digest(),
        preset=preset,
        columns={field: list(columns) for field, columns in chosen.items()},
        first_day=first,
        last_day=last,
        rows=len(lines),
        theirs=sum(costs) if costs else None,
        ours=sum(had.cost for had in sums.values()),
        states=dict(Counter(line.state for line in found)),
        read_by=by,
        read_at=clock.now(),
    )
    try:
        with transaction.atomic():
            file.save(force_insert=True)
            UpstreamLine.objects.bulk_create((_row(file, line) for line in found), batch_size=_AT_ONCE)
    except IntegrityError:
        if not UpstreamFile.objects.filter(provider_id=provider_id, digest=file.digest).exists():
            raise
        raise Unreadable("this very file of this upstream was read before") from None
    return file


def _row(file: UpstreamFile, line: Line) -> UpstreamLine:
    theirs, had = line.theirs, line.ours
    return UpstreamLine(
        file=file,
        number=line.number,
        state=line.state,
        day=line.day,
        model=line.model,
        request_id=line.request_id,
        their_requests=theirs.requests if theirs else None,
        our_requests=had.requests if had else None,
        their_input=theirs.input if theirs else None,
        our_input=had.input if had else None,
        their_output=theirs.output if theirs else None,
        our_output=had.output if had else None,
        theirs=theirs.cost if theirs else None,
        ours=had.cost if had else None,
        difference=line.difference,
    )


def decided(lines: QuerySet[UpstreamLine]) -> QuerySet[UpstreamLine]:
    """Return lines with what was decided of each last: `verdict`, `reason` and `decided_by`, or None."""
    last = LineDecision.objects.filter(line=OuterRef("pk")).order_by("-pk")
    return lines.annotate(
        verdict=Subquery(last.values("verdict")[:1]),
        reason=Subquery(last.values("reason")[:1]),
        decided_by=Subquery(last.values("made_by")[:1]),
    )


def decide(lines: QuerySet[UpstreamLine], verdict: str, *, reason: str, by: str) -> int:
    """Write down what was decided of lines that do not match; return of how many, at most MOST_DECIDED a call.

    Raises ValueError for a verdict that there is not, or without a reason.
    """
    if verdict not in Verdict.values:
        raise ValueError(f"verdict: one of {', '.join(Verdict.values)}")
    if not reason.strip():
        raise ValueError("reason: it needs one")
    now = clock.now()
    keys = list(lines.exclude(state__in=_UNTOLD).order_by("pk").values_list("pk", flat=True)[:MOST_DECIDED])
    rows = (
        LineDecision(line_id=key, verdict=verdict, reason=reason.strip(), made_by=by, made_at=now)
        for key in keys
    )
    LineDecision.objects.bulk_create(rows, batch_size=_AT_ONCE)
    return len(keys)


_HEADS = (
    *(
        "line",
        "state",
        "day",
        "model",
        "request_id",
        "their_requests",
        "our_requests",
        "their_input",
        "our_input",
    ),
    *("their_output", "our_output", "their_usd", "our_usd", "difference_usd", "decision", "reason", "by"),
)


def exported(file: UpstreamFile) -> Iterator[str]:
    """Yield a file's lines as CSV in parts, each with what was decided of it; no cell is a formula."""
    yield spreadsheets.rows([_HEADS])
    some: list[list[str]] = []
    for line in decided(UpstreamLine.objects.filter(file=file)).order_by("pk").iterator(chunk_size=_AT_ONCE):
        some.append(_cells(line))
        if len(some) == _AT_ONCE:
            yield spreadsheets.rows(some)
            some = []
    yield spreadsheets.rows(some)


def _cells(line: UpstreamLine) -> list[str]:
    counts: Iterable[int | None] = (
        *(
            line.their_requests,
            line.our_requests,
            line.their_input,
            line.our_input,
            line.their_output,
            line.our_output,
        ),
    )
    amounts = (line.theirs, line.ours, line.difference)
    said = (getattr(line, name) or "" for name in ("verdict", "reason", "decided_by"))
    return [
        Figure(line.number or ""),
        line.state,
        line.day.isoformat(),
        line.model,
        str(line.request_id or ""),
        *(Figure("" if count is None else count) for count in counts),
        *(Figure("" if nano is None else money.show(nano)) for nano in amounts),
        *said,
    ]
