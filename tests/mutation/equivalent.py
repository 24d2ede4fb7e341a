"""Mutants that change nothing, and why: no test can notice them."""

from collections.abc import Mapping

from tests.mutation.equivalent_admin import ADMIN
from tests.mutation.equivalent_alerts import ALERTS
from tests.mutation.equivalent_books import BOOKS
from tests.mutation.equivalent_desk import DESK
from tests.mutation.equivalent_pages import PAGES
from tests.mutation.equivalent_proof import PROOF
from tests.mutation.equivalent_requests import REQUESTS
from tests.mutation.equivalent_statements import STATEMENTS

__all__ = ["EQUIVALENT"]

_FEE = "a fee has one rate, for prompts of any length"
_JUDGED = "what SQL doubts besides is judged by Python, and found right"
_LOOKED_AT = "a workspace that is looked at in vain costs a query"
_NEVER_ZERO = "no movement is of nothing: `post` refuses that before"
_NO_COUNT = "no window counts that far"
_ONE_COLUMN = "the first column is the last"
_PAGE = "how many rows come at once tells nothing"

_Equivalent = tuple[str, str, Mapping[str, tuple[str, ...]], str]
"""A module, a line of it, what becomes of which parts of it, and why nobody can tell."""

_ALL: tuple[_Equivalent, ...] = (
    (
        "catalog/pricing.py",
        "if (minimum == 0 or prompt_tokens > minimum) and (best is None or minimum > best[0]):",
        {">": (">=",)},
        "no two steps of a class have the same minimum",
    ),
    (
        "catalog/pricing.py",
        'return card.rate("request", 0) if "request" in card.rates else 0',
        {"0": ("(0 + 1)", "(0 - 1)")},
        _FEE,
    ),
    (
        "catalog/pricing.py",
        "middle = (least + most + 1) // 2",
        {"1": ("(1 + 1)",)},
        "halves that are not even find the same",
    ),
    (
        "billing/explanations.py",
        'prompt = 0 if name == "request" else prompt_tokens',
        {"0": ("(0 + 1)", "(0 - 1)")},
        _FEE,
    ),
    (
        "billing/repricing/arithmetic.py",
        'fee = card.rate("request", 0) if "request" in card.rates else 0',
        {"0": ("(0 + 1)", "(0 - 1)")},
        _FEE,
    ),
    (
        "billing/ledger.py",
        "if credit is not None and amount < 0:",
        {"<": ("<=",), "0": ("(0 + 1)",)},
        _NEVER_ZERO,
    ),
    (
        "billing/ledger.py",
        "lot_of=transaction_id if original.amount > 0 else None,",
        {">": (">=",), "0": ("(0 - 1)",)},
        _NEVER_ZERO,
    ),
    ("billing/ledger.py", "RETURNING 1)", {"1": ("(1 + 1)",)}, "what is returned is counted, not read"),
    ("billing/ledger.py", "if movement.amount > 0:", {">": (">=",), "0": ("(0 - 1)",)}, _NEVER_ZERO),
    (
        "billing/settlement.py",
        "FROM (SELECT workspace_id, api_key_id, max(held) AS held, sum(hold)::bigint AS hold, max(window_day) AS window_day",
        {"max": ("min",)},
        "what a budget holds is read of the one locked row",
    ),
    (
        "billing/taking.py",
        "NO_CAP = 2**31 - 1",
        {"31": ("(31 - 1)",), "1": ("(1 + 1)", "(1 - 1)")},
        _NO_COUNT,
    ),
    (
        "billing/repricing/arithmetic.py",
        "folded = [_COLUMNS[each] for each in side[1:] if each not in card.rates]",
        {"1": ("(1 - 1)",)},
        "twice a count without a rate has no price either",
    ),
    (
        "billing/recomputed.py",
        "[compared] = cursor.fetchone() or (0,)",
        {"0": ("(0 + 1)", "(0 - 1)")},
        "a count is always one row",
    ),
    (
        "billing/recomputed.py",
        'cursor.execute("SELECT DISTINCT price_version_id FROM catalog_rate")',
        {"DISTINCT ": ("",)},
        "the same twice is the same",
    ),
    (
        "billing/recomputed.py",
        'cursor.execute(f"SELECT DISTINCT multipliers FROM billing_usage_event WHERE {_KEPT}", only)',
        {"DISTINCT ": ("",)},
        "the same twice is the same",
    ),
    (
        "billing/recomputed.py",
        "starts = sorted({minimum for steps in card.rates.values() for minimum, _ in steps if minimum > 0})",
        {">": (">=",), "0": ("(0 - 1)",)},
        "a span may as well begin where one begins",
    ),
    (
        "billing/recomputed.py",
        "for above, up_to in zip([-1, *starts], [*starts, _NO_END], strict=True):",
        {"1": ("(1 + 1)",)},
        "no prompt is shorter than nothing",
    ),
    (
        "billing/recomputed.py",
        'columns["request"].append(_rate(card, "request", 0) or 0)',
        {"0": ("(0 + 1)", "(0 - 1)")},
        _FEE,
    ),
    (
        "billing/taking.py",
        "WHEN 'month' THEN billing_window_day('month', (w.day + 31) * 1440) * 1440 END\"\"\"",
        {"31": ("(1 + 31)",), "1440": ("(1 + 1440)",)},
        "any day of the next month tells when it begins",
    ),
    (
        "billing/recomputed.py",
        '_KEPT = f"{ONLY} AND id >= {NEAR}"',
        {">=": (">",)},
        "no id is the least that a day can have",
    ),
    (
        "billing/recomputed.py",
        "WHERE e.rev = 0 AND {ONLY} AND e.id >= {NEAR}),",
        {">=": (">",)},
        "no id is the least that a day can have",
    ),
    (
        "billing/credits/expiry.py",
        '"""SELECT DISTINCT workspace_id FROM billing_credit_lot',
        {"DISTINCT ": ("",)},
        _LOOKED_AT,
    ),
    (
        "billing/credits/expiry.py",
        'WHERE remaining > 0 AND expires_on <= %s ORDER BY workspace_id LIMIT %s""",',
        {">": (">=",), "AND": ("OR",)},
        _LOOKED_AT,
    ),
    (
        "billing/credits/expiry.py",
        'cursor.execute("SELECT 1 FROM billing_purse WHERE workspace_id = %s FOR UPDATE", [workspace_id])',
        {"1": ("(1 + 1)",)},
        "the row is locked, not read",
    ),
    (
        "billing/credits/purse.py",
        "if cost < 0:",
        {"<": ("<=",), "0": ("(0 + 1)",)},
        "a day that cost nothing is not charged",
    ),
    (
        "billing/credits/purse.py",
        'FROM billing_credit_lot WHERE workspace_id = %s AND remaining > 0""",',
        {">": (">=",)},
        "nothing is taken from an empty lot",
    ),
    (
        "billing/recomputed.py",
        "_ROWS_PER_FETCH = 5_000",
        {"5_000": ("(5_000 + 1)", "(5_000 - 1)")},
        _PAGE,
    ),
    (
        "billing/recomputed.py",
        "_NO_END = 2**62",
        {"2": ("(2 - 1)",), "**": ("*",), "62": ("(62 - 1)",)},
        _JUDGED,
    ),
    ("billing/credits/expiry.py", "_PER_ROUND = 1_000", {"1_000": ("(1_000 + 1)", "(1_000 - 1)")}, _PAGE),
    (
        "billing/credits/withholding.py",
        "_PER_ROUND = 1_000",
        {"1_000": ("(1_000 + 1)", "(1_000 - 1)")},
        _PAGE,
    ),
    (
        "billing/late.py",
        "moved = {row[0] for row in await cursor.fetchall()}",
        {"0": ("(0 - 1)",)},
        _ONE_COLUMN,
    ),
    ("billing/late.py", "return {}", {"{}": ("None",)}, "where nothing is missing, nothing is looked up"),
    *(
        ("billing/late.py", line, {"True": ("False",)}, "how a statement is sent tells nothing")
        for line in (
            "await cursor.execute(sql, parameters(batch), prepare=True)",
            "await cursor.execute(_WRITTEN.encode(), [literal([item.request_id for item in missing])], prepare=True)",
            "await cursor.execute(CORRECT.encode(), correction(item), prepare=True)",
        )
    ),
    ("billing/leases.py", "_BATCH = 500", {"500": ("(500 + 1)", "(500 - 1)")}, _PAGE),
    (
        "billing/leases.py",
        "_LOCK_MILLISECONDS = 500",
        {"500": ("(500 + 1)", "(500 - 1)")},
        "how long a lock is waited for, to the millisecond",
    ),
    (
        "billing/moves/desk.py",
        "if amount < 0 and kind != Kind.ADJUSTMENT:",
        {"<": ("<=",), "0": ("(0 + 1)",)},
        "an amount of zero was refused before",
    ),
    (
        "billing/moves/desk.py",
        'total = cost.aggregate(total=Sum("cost"))["total"] or 0',
        {"0": ("(0 - 1)",)},
        "less than nothing is nothing",
    ),
)

EQUIVALENT = {
    (path, line, was, text): why
    for path, line, changes, why in (
        *_ALL,
        *ADMIN,
        *ALERTS,
        *BOOKS,
        *DESK,
        *PAGES,
        *PROOF,
        *REQUESTS,
        *STATEMENTS,
    )
    for was, texts in changes.items()
    for text in texts
}
