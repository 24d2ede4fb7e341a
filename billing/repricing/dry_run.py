"""What a re-pricing would move, workspace by workspace, from the events alone; nothing is written."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import prod
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from billing import pinned
from billing.sums import COUNTS
from catalog.pricing import PPM, RateCard, parse_factors

from .arithmetic import NOTHING_COUNTED, nano, pico
from .terms import Refused, Terms, check, first_and_end

__all__ = ["DryRun", "Line", "measure"]

PATIENCE_SECONDS = 50
MOST_PRICES = 500
MOST_CHAINS = 20_000
_DAY_MINUTES = 1440

# Corrections are signed differences: a request as a whole has a price. The bounds on the id let partitions be left
# out; a request is admitted within a day of the moment in its id.
_KEPT = """minute_no >= %(first)s AND minute_no < %(end)s AND model_id = ANY (%(models)s)
    AND id >= billing_first_id(%(from_day)s::date) AND id < billing_first_id(%(until_day)s::date)"""
_KINDS = f"""
SELECT price_version_id, multipliers FROM billing_usage_event WHERE {_KEPT}
GROUP BY 1, 2 ORDER BY 1, 2 LIMIT {MOST_CHAINS + 1}"""


def _sums(old: RateCard, new: RateCard) -> str:
    was = nano(pico(old), "f.old_numerator", "f.old_denominator")
    becomes = nano(pico(new), "f.new_numerator", "f.new_denominator")
    return f"""
WITH requests AS (
    SELECT workspace_id, request_id, sum(cost)::bigint AS charged,
        (array_agg(multipliers ORDER BY rev DESC))[1] AS multipliers,
        {", ".join(f"sum({name})::bigint AS {name}" for name in COUNTS)}
    FROM billing_usage_event WHERE {_KEPT} AND price_version_id = %(version)s GROUP BY 1, 2),
factors AS (
    SELECT * FROM unnest(%(chains)s::text[], %(old_numerator)s::numeric[], %(old_denominator)s::numeric[],
        %(new_numerator)s::numeric[], %(new_denominator)s::numeric[])
        f (multipliers, old_numerator, old_denominator, new_numerator, new_denominator)),
priced AS (
    SELECT workspace_id, charged,
        CASE WHEN charged = 0 AND ({NOTHING_COUNTED} OR {was} IS DISTINCT FROM 0) THEN 0 ELSE {becomes} END AS repriced
    FROM requests JOIN factors f USING (multipliers))
SELECT workspace_id, count(*), count(*) FILTER (WHERE repriced IS DISTINCT FROM charged),
    count(*) FILTER (WHERE repriced IS NULL), sum(charged)::bigint, sum(repriced)::bigint
FROM priced GROUP BY 1"""


@dataclass(frozen=True, slots=True)
class Line:
    """One workspace: its requests, how many of them cost something else, and what all of them cost in nano-USD."""

    workspace_id: int
    requests: int
    moved: int
    charged: int
    repriced: int

    @property
    def delta(self) -> int:
        """What the workspace should have paid more, in nano-USD; negative where it paid too much."""
        return self.repriced - self.charged


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a re-pricing comes to; the lines are of the workspaces with requests in it, in the order of their ids."""

    terms: Terms
    lines: tuple[Line, ...]

    @property
    def raised(self) -> int:
        """What workspaces would pay more, together, in nano-USD."""
        return sum(line.delta for line in self.lines if line.delta > 0)

    @property
    def lowered(self) -> int:
        """What workspaces would get back, together, in nano-USD."""
        return -sum(line.delta for line in self.lines if line.delta < 0)

    @property
    def requests(self) -> int:
        """How many requests are looked at."""
        return sum(line.requests for line in self.lines)

    @property
    def moved(self) -> int:
        """How many of them would cost something else."""
        return sum(line.moved for line in self.lines)


def measure(terms: Terms) -> DryRun:
    """Return what a re-pricing would move: new cost − charged cost of each request at its own counts.

    What was waived stays waived. Raises Refused if it cannot be, and django.db.OperationalError if it takes longer
    than 50 s: choose a shorter span.
    """
    check(terms)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = '{PATIENCE_SECONDS}s'")
        chains = _chains(cursor, terms)
        cards = pinned.cards({*chains, *([terms.price_version_id] if terms.price_version_id else [])})
        found: dict[int, list[Line]] = defaultdict(list)
        for version, texts in chains.items():
            for line in _lines(cursor, terms, version, texts, cards):
                found[line.workspace_id].append(line)
    return DryRun(terms, tuple(_together(found[workspace]) for workspace in sorted(found)))


def _chains(cursor: CursorWrapper, terms: Terms) -> dict[int, list[str]]:
    """Return the chains of factors in the span, by price version."""
    cursor.execute(_KINDS, _span(terms))
    rows = cursor.fetchall()
    chains: dict[int, list[str]] = defaultdict(list)
    for version, text in rows:
        chains[version].append(text)
    if len(rows) > MOST_CHAINS or len(chains) > MOST_PRICES:
        raise Refused(
            "There are too many prices and multipliers in this span: choose a shorter one.", field="ends"
        )
    return chains


def _lines(
    cursor: CursorWrapper, terms: Terms, version: int, texts: Sequence[str], cards: dict[int, RateCard]
) -> Iterator[Line]:
    old, new = cards.get(version), cards.get(terms.price_version_id or version)
    if old is None or new is None:
        bare = version if old is None else terms.price_version_id
        raise Refused(f"Price version {bare} has no rates.", field="price_version")
    cursor.execute(_sums(old, new), _span(terms) | {"version": version} | _factors(texts, terms))
    for workspace, requests, moved, unpriced, charged, repriced in cursor.fetchall():
        if unpriced:
            raise Refused(
                f"{unpriced:,} requests have counts that price version {new.version_id} has no rate for.",
                field="price_version",
            )
        yield Line(workspace, requests, moved, charged, repriced)


def _span(terms: Terms) -> dict[str, Any]:
    first, end = first_and_end(terms)
    days = (first - _DAY_MINUTES) // _DAY_MINUTES, (end + 2 * _DAY_MINUTES) // _DAY_MINUTES
    from_day, until_day = (date(1970, 1, 1) + timedelta(days=day) for day in days)
    return {
        "first": first,
        "end": end,
        "models": list(terms.models),
        "from_day": from_day,
        "until_day": until_day,
    }


def _factors(texts: Sequence[str], terms: Terms) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = defaultdict(list)
    for text in texts:
        chain = parse_factors(text)
        mended = [
            terms.multiplier_ppm
            if each.id == terms.multiplier_id and terms.multiplier_ppm is not None
            else each.ppm
            for each in chain
        ]
        columns["chains"].append(text)
        columns["old_numerator"].append(prod(each.ppm for each in chain))
        columns["new_numerator"].append(prod(mended))
        columns["old_denominator"].append(PPM ** len(chain))
        columns["new_denominator"].append(PPM ** len(chain))
    return columns


def _together(lines: Sequence[Line]) -> Line:
    return Line(
        workspace_id=lines[0].workspace_id,
        requests=sum(line.requests for line in lines),
        moved=sum(line.moved for line in lines),
        charged=sum(line.charged for line in lines),
        repriced=sum(line.repriced for line in lines),
    )
