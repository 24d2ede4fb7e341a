"""What a run came to, in Markdown."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from bench.chaos.report import machine, rows
from tests.chaos.outages_report import spread

from .run import DRIFT, Failed, Run

__all__ = ["told"]

MB = 10**6
MOST_LISTED = 50


def told(run: Run, *, at: str) -> str:
    """Return the report of a run of the code `at` a commit."""
    return "\n".join([_head(run, at), *_tables(run), *_broken(run)]).rstrip() + "\n"


def _head(run: Run, at: str) -> str:
    verdict = "Every promise kept." if run.clean else "**Promises broken, see below.**"
    return (
        f"`make production MINUTES={run.minutes:g} SEED={run.seed}` on {machine(at)},"
        f" PostgreSQL {run.versions[0].split()[0]}, {run.versions[1]}. {verdict}\n"
    )


def _tables(run: Run) -> Iterator[str]:
    yield _table(("", "Number"), _answers(run))
    yield _table(("Witnesses compared", "Found"), [row for row in rows(run.outcome) if row[0] != "kills"])
    yield _table(("The same figure", "as each says it", "Agree"), _said(run))
    yield _table(("Limit over two web processes", "Offered", "Passed", "Refused", "Kept"), _limits(run))
    yield _table(("Memory, MB", "Start", "Middle", "End", "Drift"), _memory(run))
    yield _table(("Turn", "At", "Took", "What"), _turns(run))


def _answers(run: Run) -> Iterator[Sequence[str]]:
    pages = Counter(page.status for page in run.looked)
    dialects = Counter(client.marker[0] for client in run.outcome.clients)
    yield "chat completions", f"{dialects['m']:,}"
    yield "messages, in Anthropic's dialect", f"{dialects['w']:,}"
    yield "chat completions at twice the cap of a minute", f"{dialects['c']:,}"
    yield "pages opened", f"{sum(pages.values()):,}"
    yield "time of pages", spread([page.seconds for page in run.looked if page.status == 200])
    yield "failed", f"{len(run.failed)}"
    yield "cut with PostgreSQL's sessions: callers told 503, pages under way", f"{len(run.cut)}"


def _said(run: Run) -> Iterator[Sequence[str]]:
    for each in run.said:
        places = ", ".join(f"{place} {value}" for place, value in each.places.items())
        yield each.of, places, _yes(each.agrees)


def _limits(run: Run) -> Iterator[Sequence[str]]:
    for each in run.limits:
        passed = f"{each.passed} of {each.wanted}"
        yield each.name, f"{each.offered}", passed, f"{each.refused}", _yes(each.kept)


def _memory(run: Run) -> Iterator[Sequence[str]]:
    for each in run.memory:
        marks = (f"{mark / MB:.0f}" for mark in each.marks)
        kept = "" if not run.judged or each.drift <= DRIFT else " **too much**"
        yield each.part, *marks, f"{100 * each.drift:+.1f} %{kept}"


def _turns(run: Run) -> Iterator[Sequence[str]]:
    for turn in run.turns:
        at = datetime.fromtimestamp(turn.began, UTC)
        yield turn.part, f"{at:%H:%M:%S}", f"{turn.ended - turn.began:.1f} s", turn.note


def _broken(run: Run) -> Iterator[str]:
    for each in run.failed[:MOST_LISTED]:
        yield f"- failed: {_line(each)}"
    for finding in run.outcome.findings[:MOST_LISTED]:
        yield f"- {finding.sort} `{finding.request_id}`: {finding.why}"
    if len(run.turns) < run.turns_planned:
        yield f"- {len(run.turns)} of {run.turns_planned} turns were made"


def _line(each: Failed) -> str:
    return f"{each.what} at {datetime.fromtimestamp(each.at, UTC):%H:%M:%S}: {each.ended}"


def _table(head: Sequence[str], lines: Iterator[Sequence[str]] | Sequence[Sequence[str]]) -> str:
    body = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    return f"| {' | '.join(head)} |\n|{' --- |' * len(head)}\n{body}"


def _yes(kept: bool) -> str:
    return "yes" if kept else "**no**"
