"""Mutants that change nothing in what is told of usage and money, and why: no test can notice them."""

from collections.abc import Mapping

__all__ = ["STATEMENTS"]

_EDGE = "clocks are moved on whole seconds"

STATEMENTS: tuple[tuple[str, str, Mapping[str, tuple[str, ...]], str], ...] = (
    *(
        (
            f"billing/statements/{name}.py",
            "_INSTANT = timedelta(microseconds=1)",
            {"1": ("(1 + 1)",)},
            _EDGE,
        )
        for name in ("cuts", "patches")
    ),
    (
        "billing/statements/cuts.py",
        "return False",
        {"False": ("None",)},
        "it is asked for its truth only",
    ),
    (
        "billing/statements/patches.py",
        "while place < len(edges) and edges[place] <= midnight + _DAY:",
        {
            "place < len(edges) and edges[place] <= midnight + _DAY": (
                "(not (place < len(edges) and edges[place] <= midnight + _DAY))",
            ),
            "<=": ("<",),
            "+": ("-",),
        },
        "edges that are passed are passed over again",
    ),
    (
        "billing/statements/runway.py",
        "if _take(left, need) > 0 or not any(left):",
        {"0": ("(0 + 1)",)},
        "where something was missing, nothing is left",
    ),
    (
        "billing/statements/spend.py",
        "SELECT slot, least(place, %(top)s + 1), min(member::text), (SELECT count(*) FROM ranked), {summed}",
        {"min": ("max",)},
        "a place has one member, and the last has no name",
    ),
    (
        "billing/statements/spend.py",
        'yield (slot, 1, "answered", len(_STATUS), requests - failed, 0, *used)',
        {"1": ("(1 - 1)",)},
        "the first of two is before the second",
    ),
    (
        "billing/statements/spend.py",
        "others = 0",
        {"0": ("(0 + 1)", "(0 - 1)")},
        "the first row says how many there are",
    ),
    (
        "billing/statements/sources.py",
        '"last_day": made.first + timedelta(days=len(made.slots) - 1),',
        {"-": ("+",), "1": ("(1 - 1)",)},
        "no day after the last has a slot",
    ),
    (
        "billing/statements/standing.py",
        '+ CASE WHEN extract(epoch FROM {moment}) >= lapse_minute * 60::bigint THEN lapsing ELSE 0 END"""',
        {">=": (">",)},
        "a microsecond of each minute",
    ),
    (
        "billing/statements/cuts.py",
        "or before.date() >= day",
        {">=": (">",)},
        "no zone has skipped the first minutes of a day since 1971 but not its midnight",
    ),
    (
        "billing/statements/outlook.py",
        "SELECT a.unbilled + coalesce(p.uncovered, 0), a.withheld,",
        {"+": ("-",), "0": ("(1 + 0)",)},
        "where usage is not covered, no lot lasts a day",
    ),
    (
        "billing/statements/outlook.py",
        "LEFT JOIN billing_credit_lot l ON l.workspace_id = a.workspace_id AND l.remaining > 0",
        {">": (">=",)},
        "what is empty lasts no day",
    ),
    (
        "billing/statements/outlook.py",
        "owed, withheld = rows[0][:2]",
        {"0": ("(0 - 1)",)},
        "each row says the same of the account",
    ),
    (
        "billing/statements/outlook.py",
        "lots = in_order(Lot(*row[2:]) for row in rows if row[2] is not None)",
        {"2": ("(2 + 1)",)},
        "a lot has all of its columns, or there is none",
    ),
)
