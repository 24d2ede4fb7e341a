"""What many workspaces spent, each over a cut of its own zone, read by one statement."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from kernel.replica import reading

from .cuts import Cut
from .sources import cells, values

__all__ = ["MOST", "costs"]

MOST = 200
"""Workspaces of one statement."""

# The parameters of one workspace's cells, as columns of a row for each.
_COLUMNS = {
    "workspace": "bigint",
    "minutes": "int[]",
    "first_minute": "int",
    "end_minute": "int",
    "slots": "int[]",
    "first_day": "date",
    "last_day": "date",
    "move_begins": "timestamptz[]",
    "move_ends": "timestamptz[]",
    "into": "int[]",
    "out_of": "int[]",
}


def costs(made: Mapping[int, Cut]) -> dict[int, list[int]]:
    """Return what each workspace spent in each span of its cut, in nano-USD, posted or not, as of one moment.

    Raises ValueError for a cut by hours, or more than MOST workspaces.
    """
    if len(made) > MOST:
        raise ValueError(f"made: at most {MOST} workspaces at once")
    if any(cut.by == "hour" for cut in made.values()):
        raise ValueError("made: hours are read of one workspace at a time")
    found = {workspace: [0] * len(cut.spans) for workspace, cut in made.items()}
    for workspace, slot, cost in _rows(made):
        found[workspace][slot - 1] += cost
    return found


def _rows(made: Mapping[int, Cut]) -> Iterator[tuple[int, int, int]]:
    if not made:
        return iter(())
    asked = [values(workspace, cut) for workspace, cut in made.items()]
    with reading() as cursor:
        cursor.execute(_sql(next(iter(made.values()))), [json.dumps(asked, default=str)])
        return iter(cursor.fetchall())


def _sql(cut: Cut) -> str:
    # A cut on UTC days moves nothing: the form that moves quarters reads it as well.
    moving = Cut(cut.zone, cut.by, cut.spans, of_days=False)
    columns: dict[str, Any] = {name: f"asked.{name}" for name in _COLUMNS}
    declared = ", ".join(f'"{name}" {kind}' for name, kind in _COLUMNS.items())
    return f"""
SELECT asked.workspace, found.slot, found.cost
FROM jsonb_to_recordset(%s::jsonb) AS asked ({declared})
CROSS JOIN LATERAL ({cells(moving, {"member": "''::text"}, ["cost"]) % columns}) found"""
