"""Mutants of how money is held, settled and given that change nothing, and why."""

from collections.abc import Mapping

__all__ = ["REQUESTS"]

_Equivalent = tuple[str, str, Mapping[str, tuple[str, ...]], str]

_TUNED = "how long or how many a bound lets, to the last one, tells nothing"

REQUESTS: tuple[_Equivalent, ...] = (
    (
        "billing/taking.py",
        "group[0].workspace_id,",
        {"0": ("(0 - 1)",)},
        "each of a group says the same of it",
    ),
    (
        "billing/holds.py",
        "WHERE r.request_id = g.req AND r.workspace_id = g.ws AND r.budgeted = g.budgeted AND g.more > 0",
        {">": (">=",)},
        "what grows by nothing is as it was",
    ),
    (
        "billing/holds.py",
        "await cursor.execute(sql.encode(), _parameters(wanted), prepare=True)",
        {"True": ("False",)},
        "how a statement is sent tells nothing",
    ),
    (
        "billing/vouchers/redeeming.py",
        "use.save(force_insert=True)",
        {"True": ("False",)},
        "a new id is inserted either way",
    ),
    (
        "billing/vouchers/redeeming.py",
        "raise Refused(_ONE_OF_A_KIND)",
        {"raise Refused(_ONE_OF_A_KIND)": ("pass",)},
        "what the database refuses afterwards is said in the same words",
    ),
    *(
        ("billing/batcher.py", line, {was: (f"({was} + 1)", f"({was} - 1)")}, _TUNED)
        for line, was in (
            ("LANES = 8", "8"),
            ("SILENCE_SECONDS = 8.0", "8.0"),
            ("FIRST_PAUSE = 0.05", "0.05"),
            ("LAST_PAUSE = 1.0", "1.0"),
        )
    ),
    ("billing/journal.py", "MOST_LINES = 100_000", {"100_000": ("(100_000 + 1)", "(100_000 - 1)")}, _TUNED),
)
