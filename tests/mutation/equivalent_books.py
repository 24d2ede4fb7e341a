"""Mutants that change nothing in what is done with money besides charging requests, and why: no test can notice them."""

from collections.abc import Mapping

__all__ = ["BOOKS"]

_ADDS_NOTHING = "nothing is added to a sum"
_EVERY_LINE = "each line says the same of it"
_INSTANT = "a moment that is over is not met again"
_NOTHING = "no movement is of nothing"
_NO_LINES = "no account has that many lines"
_ONE_COLUMN = "the first column is the last"
_PAGE = "how many rows come at once tells nothing"
_SPACIOUS = "ids are looked for a day further than any request can be"
_TWICE = "the same twice is the same"

BOOKS: tuple[tuple[str, str, Mapping[str, tuple[str, ...]], str], ...] = (
    ("billing/repricing/applying.py", "_LINES_PER_LOOK = 200", {"200": ("(200 + 1)", "(200 - 1)")}, _PAGE),
    (
        "billing/repricing/tasks.py",
        "_SECONDS = 20.0",
        {"20.0": ("(20.0 + 1)", "(20.0 - 1)")},
        "what is not done in time is done in the next round",
    ),
    (
        "billing/repricing/terms.py",
        "(still,) = cursor.fetchone() or (0,)",
        {"0": ("(0 + 1)", "(0 - 1)")},
        "a count is always one row",
    ),
    ("billing/repricing/applying.py", "if time.monotonic() > until:", {">": (">=",)}, _INSTANT),
    (
        "billing/repricing/applying.py",
        'actor = str(get_user_model().objects.filter(pk=row.applied_by or 0).first() or f"person {row.applied_by}")',
        {"0": ("(0 + 1)", "(0 - 1)")},
        "what is under way names who applied it",
    ),
    ("billing/repricing/applying.py", "if left <= 0:", {"<=": ("<",)}, _INSTANT),
    (
        "billing/repricing/drafts.py",
        "_LINES_PER_INSERT = 2_000",
        {"2_000": ("(2_000 + 1)", "(2_000 - 1)")},
        _PAGE,
    ),
    (
        "billing/repricing/drafts.py",
        "row.save(force_insert=True)",
        {"True": ("False",)},
        "a new id is inserted either way",
    ),
    (
        "billing/repricing/dry_run.py",
        'AND id >= billing_first_id(%(from_day)s::date) AND id < billing_first_id(%(until_day)s::date)"""',
        {">=": (">",), "<": ("<=",)},
        _SPACIOUS,
    ),
    (
        "billing/repricing/dry_run.py",
        "days = (first - _DAY_MINUTES) // _DAY_MINUTES, (end + 2 * _DAY_MINUTES) // _DAY_MINUTES",
        {"2": ("(2 + 1)",)},
        _SPACIOUS,
    ),
    (
        "billing/repricing/dry_run.py",
        "return sum(line.delta for line in self.lines if line.delta > 0)",
        {">": (">=",), "0": ("(0 - 1)",)},
        _ADDS_NOTHING,
    ),
    (
        "billing/repricing/dry_run.py",
        "return -sum(line.delta for line in self.lines if line.delta < 0)",
        {"<": ("<=",), "0": ("(0 + 1)",)},
        _ADDS_NOTHING,
    ),
    (
        "billing/repricing/dry_run.py",
        "workspace_id=lines[0].workspace_id,",
        {"0": ("(0 - 1)",)},
        _EVERY_LINE,
    ),
    (
        "billing/paper/movements.py",
        "AND e.seq < coalesce(%(before)s, 9223372036854775807)",
        {"9223372036854775807": ("(1 + 9223372036854775807)",)},
        _NO_LINES,
    ),
    (
        "billing/paper/movements.py",
        '"""SELECT DISTINCT l.transaction_id FROM billing_credit_movement m',
        {"DISTINCT ": ("",)},
        _TWICE,
    ),
    (
        "billing/paper/movements.py",
        "payments = {row[0] for row in cursor.fetchall()} if moved.original is None else {moved.original}",
        {"0": ("(0 - 1)",)},
        _ONE_COLUMN,
    ),
    (
        "billing/paper/movements.py",
        "AND e.account = 'workspace' AND (e.amount > 0) = (t.kind = 'topup'))",
        {">": (">=",)},
        _NOTHING,
    ),
    (
        "billing/paper/reconciliation.py",
        "return Before(*last) if last else Before(date.min, 0, 1, 0, 0, 0)  # type: ignore[arg-type]  # a statement has all",
        {"1": ("(1 - 1)",)},
        "no entry has the number 0",
    ),
    (
        "billing/paper/reconciliation.py",
        "return Before(*last) if last else Before(date.min, 0, 1, 0, 0, 0)  # type: ignore[arg-type]  # a statement has all",
        {"0": ("(0 + 1)", "(0 - 1)")},
        "no entry is of the first day there is",
    ),
    (
        "billing/payments/fulfilment.py",
        "credit=_BOUGHT if cents < 0 else None,",
        {"<": ("<=",), "0": ("(0 + 1)",)},
        _NOTHING,
    ),
    (
        "billing/payments/fulfilment.py",
        "lot_of=topup.transaction_id if cents > 0 else None,",
        {">": (">=",), "0": ("(0 - 1)",)},
        _NOTHING,
    ),
    (
        "billing/subscriptions/granting.py",
        "_PER_ROUND = 500",
        {"500": ("(500 + 1)", "(500 - 1)")},
        _PAGE,
    ),
    (
        "billing/subscriptions/granting.py",
        "row.due_on = row.current_period_start",
        {"row.due_on = row.current_period_start": ("pass",)},
        "the grant of the period that begins sets it again",
    ),
    (
        "billing/subscriptions/granting.py",
        "if time.monotonic() > until:",
        {">": (">=",)},
        _INSTANT,
    ),
)
