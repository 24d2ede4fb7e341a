"""How the rows of a cut are read: rolled sums plus the events not yet posted, in one statement, which is one snapshot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from billing import sums
from kernel import clock

from .cuts import Cut
from .patches import Patches, patches

__all__ = ["EVERYTHING", "Only", "cells", "values"]

# A correction is a further revision of a request that is counted already.
_OF_EVENT = {"requests": "(rev = 0)::int", "failed": "(rev = 0 AND status = 'failed')::int"}


@dataclass(frozen=True, slots=True)
class Only:
    """What is read: usage of these keys, models, providers and tags; where none is named, of all."""

    keys: tuple[int, ...] = ()
    models: tuple[int, ...] = ()
    providers: tuple[int, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def columns(self) -> dict[str, tuple[int, ...] | tuple[str, ...]]:
        """What is named, by the columns of a sum."""
        every: tuple[tuple[int, ...] | tuple[str, ...], ...] = (
            self.keys,
            self.models,
            self.providers,
            self.tags,
        )
        return {column: named for column, named in zip(sums.DIMENSIONS, every, strict=True) if named}


EVERYTHING = Only()


def cells(cut: Cut, by: Mapping[str, str], measures: Sequence[str], *, only: Only = EVERYTHING) -> str:
    """Return the SELECT of what a workspace used within a cut: `slot` (1 is the first span), `by`, `measures`.

    `by` are expressions over the dimensions of a sum, by their names. Where nothing was used there is no row. An event
    is either in a rolled sum or above the last posted number, never both. `values` are the statement's parameters.
    """
    kept = "".join(f" AND {column} = ANY (%({column})s)" for column in only.columns)
    named = ", ".join(f"{expression} AS {name}" for name, expression in by.items())
    raw = ", ".join(measures)
    summed = [f"sum({name})::bigint" for name in measures]
    rolled = _QUARTERS if cut.by == "hour" else _DAYS if cut.of_days else _DAYS + _MOVED
    parts = rolled.format(
        by=named, names=", ".join(by), measures=raw, kept=kept,
        summed=", ".join(f"sum({name})::bigint AS {name}" for name in measures),
        signed=", ".join(f"sign * {name}" for name in measures),
    )  # fmt: skip
    return f"""
    SELECT slot, {", ".join(by)}, {", ".join(f"{one} AS {name}" for one, name in zip(summed, measures, strict=True))}
    FROM ({parts}
        UNION ALL
        SELECT width_bucket(minute_no, %(minutes)s::int[]), {named},
            {", ".join(_OF_EVENT.get(name, name) for name in measures)}
        FROM billing_usage_event
        WHERE workspace_id = %(workspace)s
            AND charge_no > (SELECT charged_no FROM billing_account WHERE workspace_id = %(workspace)s)
            AND minute_no >= %(first_minute)s AND minute_no < %(end_minute)s{kept}) parts
    GROUP BY slot, {", ".join(by)}
    HAVING ({", ".join(summed)}) <> ({", ".join("0" for _ in measures)})"""


_QUARTERS = """
        SELECT width_bucket(starts_at, %(edges)s::timestamptz[]) AS slot, {by}, {measures}
        FROM billing_usage_bucket
        WHERE workspace_id = %(workspace)s AND starts_at >= %(begins)s AND starts_at < %(ends)s{kept}"""
_DAYS = """
        SELECT (%(slots)s::int[])[day - %(first_day)s::date + 1] AS slot, {by}, {measures}
        FROM billing_daily_usage
        WHERE workspace_id = %(workspace)s AND day >= %(first_day)s AND day <= %(last_day)s
            AND (%(slots)s::int[])[day - %(first_day)s::date + 1] > 0{kept}"""
# Each move is a scan of an index of its own: joined, the planner would hold every quarter against every move.
_MOVED = """
        UNION ALL
        SELECT slot, {names}, {signed}
        FROM unnest(%(move_begins)s::timestamptz[], %(move_ends)s::timestamptz[], %(into)s::int[], %(out_of)s::int[])
            move (begins, ends, into_slot, out_of)
        CROSS JOIN LATERAL (
            SELECT {by}, {summed} FROM billing_usage_bucket
            WHERE workspace_id = %(workspace)s AND starts_at >= begins AND starts_at < ends{kept}
            GROUP BY {names}) moved
        CROSS JOIN LATERAL (VALUES (into_slot, 1), (out_of, -1)) AS signed (slot, sign)
        WHERE slot > 0"""


def values(workspace_id: int, cut: Cut, *, only: Only = EVERYTHING) -> dict[str, Any]:
    """Return the parameters of the statement that `cells` is in."""
    edges = [span.begins.astimezone(UTC) for span in cut.spans] + [cut.ends.astimezone(UTC)]
    minutes = [clock.minute_number(edge.timestamp()) for edge in edges]
    return {
        "workspace": workspace_id,
        "minutes": minutes[:-1],
        "first_minute": minutes[0],
        "end_minute": minutes[-1],
        **(_of_quarters(edges) if cut.by == "hour" else _of_days(patches(cut))),
        **{column: list(named) for column, named in only.columns.items()},
    }


def _of_quarters(edges: Sequence[datetime]) -> dict[str, Any]:
    return {"edges": edges[:-1], "begins": edges[0], "ends": edges[-1]}


def _of_days(made: Patches) -> dict[str, Any]:
    return {
        "slots": list(made.slots),
        "first_day": made.first,
        "last_day": made.first + timedelta(days=len(made.slots) - 1),
        "move_begins": [move.begins for move in made.moves],
        "move_ends": [move.ends for move in made.moves],
        "into": [move.into for move in made.moves],
        "out_of": [move.out_of for move in made.moves],
    }
