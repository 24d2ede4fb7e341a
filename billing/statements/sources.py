"""How the rows of a cut are read: rolled sums plus the events not yet posted, in one statement, which is one snapshot."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from billing import sums
from kernel import clock

from .cuts import Cut

__all__ = ["EVERYTHING", "Only", "parts", "values"]

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


def parts(cut: Cut, columns: Iterable[str], *, only: Only = EVERYTHING) -> str:
    """Return the SELECT of a workspace's rows within a cut: `slot` (1 is the first span), then the columns named.

    An event is either in a rolled sum or above the last posted number, never both. `values` are its parameters.
    """
    names = tuple(columns)
    kept = "".join(f" AND {column} = ANY (%({column})s)" for column in only.columns)
    table, time, kind = (
        ("billing_daily_usage", "day", "date")
        if cut.of_days
        else ("billing_usage_bucket", "starts_at", "timestamptz")
    )
    return f"""
    SELECT width_bucket({time}, %(edges)s::{kind}[]) AS slot, {", ".join(names)}
    FROM {table}
    WHERE workspace_id = %(workspace)s AND {time} >= %(begins)s AND {time} < %(ends)s{kept}
    UNION ALL
    SELECT width_bucket(minute_no, %(minutes)s::int[]), {", ".join(_OF_EVENT.get(name, name) for name in names)}
    FROM billing_usage_event
    WHERE workspace_id = %(workspace)s
        AND charge_no > (SELECT charged_no FROM billing_account WHERE workspace_id = %(workspace)s)
        AND minute_no >= %(first_minute)s AND minute_no < %(end_minute)s{kept}"""


def values(workspace_id: int, cut: Cut, *, only: Only = EVERYTHING) -> dict[str, Any]:
    """Return the parameters of the statement that `parts` is in."""
    edges = [span.begins.astimezone(UTC) for span in cut.spans] + [cut.ends.astimezone(UTC)]
    minutes = [clock.minute_number(edge.timestamp()) for edge in edges]
    times = [edge.date() for edge in edges] if cut.of_days else edges
    return {
        "workspace": workspace_id,
        "edges": times[:-1],
        "begins": times[0],
        "ends": times[-1],
        "minutes": minutes[:-1],
        "first_minute": minutes[0],
        "end_minute": minutes[-1],
        **{column: list(named) for column, named in only.columns.items()},
    }
