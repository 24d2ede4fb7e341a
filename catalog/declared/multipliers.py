"""How dated factors follow the file: one is ended and followed, never changed, because charges name the rows they took."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from catalog.models import Multiplier

from . import values
from .book import Entry, Factor
from .rows import save
from .run import Run

__all__ = ["factors"]


def factors(run: Run, stated: Sequence[Factor]) -> None:
    """Add, end and lengthen multipliers of one scope and target so that those of the file are in force.

    A factor that changes is ended now and followed by the new one. Only one holds at a time.
    """
    if _overlapping(run, stated):
        return
    rows = list(Multiplier.objects.filter(scope=stated[0].scope, target=stated[0].target))
    alive = [row for row in rows if row.valid_until is None or row.valid_until > run.moment]
    begun = [one for one in _in_order(run, stated) if (one.valid_from or run.moment) <= run.moment]
    while begun and _over(run, begun[0]):
        run.note(begun.pop(0).node, "is over; it is left out")
    taken: set[int] = set()
    unmet: list[Factor] = []
    for one in begun:
        row = _fitting(one, [row for row in alive if row.valid_from <= run.moment and row.pk not in taken])
        if row is None:
            unmet.append(one)
        else:
            taken.add(row.pk)
            _lengthen(run, row, one)
    for one in unmet:
        _replace(run, one, begun[-1], rows, [row for row in alive if row.pk not in taken])
    for one in stated:
        if one.valid_from is not None and one.valid_from > run.moment:
            _foresee(run, one, one.valid_from, rows)


def _in_order(run: Run, stated: Sequence[Factor]) -> list[Factor]:
    return sorted(stated, key=lambda one: one.valid_from or run.moment)


def _over(run: Run, one: Factor) -> bool:
    return one.valid_until is not None and one.valid_until <= run.moment


def _overlapping(run: Run, stated: Sequence[Factor]) -> bool:
    """Tell whether two factors of the file hold at once, and note the earlier of them."""
    found = False
    for one, following in pairwise(_in_order(run, stated)):
        begins = following.valid_from or run.moment
        if one.valid_until is None or one.valid_until > begins:
            run.problems.add(
                one.node,
                f"still holds when {following.node.path} begins: say with valid_until when it ends, "
                "and what holds afterwards",
            )
            found = True
    return found


def _fitting(one: Factor, rows: Sequence[Multiplier]) -> Multiplier | None:
    same = [row for row in rows if row.factor_ppm == one.ppm]
    exact = [row for row in same if row.valid_from == one.valid_from]
    return max(exact or same, key=lambda row: row.valid_from, default=None)


def _replace(
    run: Run, one: Factor, newest: Factor, rows: Sequence[Multiplier], free: Sequence[Multiplier]
) -> None:
    begun = [row for row in free if row.valid_from <= run.moment]
    if not any(row.valid_from <= run.moment for row in rows):
        _add_factor(run, one, one.valid_from or run.moment)
    elif one is not newest:
        run.problems.add(
            one.node,
            "is covered by a later one, and only the one in force can change; wait until that has ended",
        )
    else:
        for row in begun:
            row.valid_until = run.moment
            if save(run, row, Entry(one.node, {}, {}), ["valid_until"]):
                run.changed(one.node, f"{values.factor_text(row.factor_ppm)} ends now")
        if one.valid_until is None or one.valid_until > run.moment:
            _add_factor(run, one, run.moment)


def _foresee(run: Run, one: Factor, begins: datetime, rows: Sequence[Multiplier]) -> None:
    announced = next((row for row in rows if row.valid_from == begins), None)
    if announced is None:
        _add_factor(run, one, begins)
    elif announced.factor_ppm != one.ppm:
        run.problems.add(one.node, "is announced with another factor, which does not change; end it first")
    else:
        _lengthen(run, announced, one)


def _lengthen(run: Run, row: Multiplier, one: Factor) -> None:
    before = (row.valid_until, row.reason)
    after = (one.valid_until if one.ends else row.valid_until, one.reason)
    if before == after:
        return
    row.valid_until, row.reason = after
    if save(run, row, Entry(one.node, {}, {}), ["valid_until", "reason"]):
        ends = "without end" if row.valid_until is None else f"until {values.moment_text(row.valid_until)}"
        run.changed(one.node, f"{ends}, {row.reason}")


def _add_factor(run: Run, one: Factor, begins: datetime) -> None:
    row = Multiplier(
        scope=one.scope,
        target=one.target,
        factor_ppm=one.ppm,
        valid_from=begins,
        valid_until=one.valid_until,
        reason=one.reason,
    )
    if save(run, row, Entry(one.node, {}, {})):
        since = "now" if begins == run.moment else values.moment_text(begins)
        aim = " ".join(filter(None, (one.scope, one.target)))
        run.added(one.node, f"{aim} × {values.factor_text(one.ppm)} from {since}")
