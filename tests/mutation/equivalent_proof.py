"""Mutants that change nothing in what proves the books, and why: no test can notice them."""

from collections.abc import Mapping

__all__ = ["PROOF"]

_ONE_ROW = "it is always one row"
_LEAST_ID = "no id is the least that a day can have"


PROOF: tuple[tuple[str, str, Mapping[str, tuple[str, ...]], str], ...] = (
    (
        "billing/proof/books.py",
        "_OWN = f\"(SELECT * FROM billing_ledger_entry WHERE account = 'workspace' AND transaction_id >= {NEAR} AND {ONLY})\"",
        {">=": (">",)},
        _LEAST_ID,
    ),
    (
        "billing/proof/books.py",
        '"LEFT JOIN billing_ledger_transaction t ON t.id = e.transaction_id AND t.workspace_id = e.workspace_id"',
        {"LEFT JOIN": ("JOIN",)},
        "the database keeps no entry without its transaction",
    ),
    (
        "billing/proof/audit.py",
        "[seals, sealed_days] = cursor.fetchone() or (0, 0)",
        {"0": ("(0 + 1)", "(0 - 1)")},
        "a count is always one row",
    ),
    (
        "billing/proof/audit.py",
        "return replace(outcome, seconds=round(time.monotonic() - began, 3))",
        {"3": ("(3 + 1)", "(3 - 1)")},
        "by how many digits a time is told",
    ),
    (
        "billing/proof/usage.py",
        'FROM billing_usage_event r WHERE rev > 0 AND id >= {NEAR}""",',
        {">=": (">",)},
        _LEAST_ID,
    ),
    (
        "billing/proof/usage.py",
        "CASE WHEN events > 0 THEN -cost END AS expected,",
        {">": (">=",)},
        "a sum of events is of one at least",
    ),
    (
        "billing/proof/usage.py",
        "WHERE kind = 'usage' AND id >= {NEAR} AND day >= %(first_day)s AND {ONLY}) t",
        {">=": (">",)},
        _LEAST_ID,
    ),
    (
        "billing/proof/lots.py",
        "WHERE transaction_id >= {NEAR}) l",
        {">=": (">",)},
        _LEAST_ID,
    ),
    (
        "billing/proof/lots.py",
        "WHERE lot_id IS NOT NULL AND amount > 0 AND transaction_id >= {NEAR} GROUP BY 1, 2, 3) m",
        {">=": (">",), ">": (">=",)},
        "no movement is of nothing, and no id is the least that a day can have",
    ),
    (
        "billing/proof/lots.py",
        "WHERE account = 'workspace' AND transaction_id >= {NEAR} AND {ONLY}) e",
        {">=": (">",)},
        _LEAST_ID,
    ),
    (
        "billing/proof/lots.py",
        "WHERE transaction_id >= {NEAR} AND {ONLY} GROUP BY 1, 2) m USING (workspace_id, transaction_id)",
        {">=": (">",)},
        _LEAST_ID,
    ),
    (
        "billing/proof/lots.py",
        'WHERE id >= {NEAR} AND {ONLY}) t USING (workspace_id, transaction_id)""",',
        {">=": (">",), "AND": ("OR",)},
        "no id is the least that a day can have, and more transactions than movements have no row",
    ),
    (
        "billing/proof/lots.py",
        "FROM billing_credit_lot l WHERE l.workspace_id = a.workspace_id AND remaining > 0) s",
        {">": (">=",)},
        "what is empty adds nothing",
    ),
    (
        "billing/proof/funds.py",
        'WHERE m.workspace_id = a.workspace_id AND m.seq IS NOT NULL AND m.amount < 0 AND u.kind <> \'usage\'), 0)"""',
        {"<": ("<=",), "0": ("(1 + 0)",)},
        "no movement is of nothing",
    ),
    (
        "billing/proof/funds.py",
        "CASE WHEN {_AVAILABLE} >= 0 THEN {_AVAILABLE}",
        {">=": (">",), "0": ("(1 + 0)",)},
        "nothing is the greater of nothing and of less",
    ),
    (
        "billing/proof/books.py",
        "FROM (SELECT * FROM billing_ledger_transaction WHERE id >= {NEAR} AND {ONLY}) t LEFT JOIN (",
        {">=": (">",)},
        _LEAST_ID,
    ),
    (
        "billing/proof/books.py",
        "FROM billing_ledger_entry WHERE transaction_id >= {NEAR} AND {ONLY} GROUP BY 1, 2) e",
        {">=": (">",), "AND": ("OR",)},
        "no id is the least that a day can have, and legs of no transaction have no row",
    ),
    (
        "billing/proof/books.py",
        'WHERE balance_after < 0 AND balance_after - amount >= 0""",',
        {"0": ("(1 + 0)",)},
        "less than one and at least one are, in whole numbers, what they are of nothing",
    ),
    (
        "billing/proof/sealed.py",
        "FROM {EVENTS} e WHERE minute_no < %(unsealed_minute)s),",
        {"<": ("<=",)},
        "the first day that may not be sealed has no seal to hold it against",
    ),
    (
        "billing/proof/sealed.py",
        "FROM billing_ledger_entry l LEFT JOIN billing_ledger_transaction t",
        {"LEFT JOIN": ("JOIN",)},
        "the database keeps no entry without its transaction",
    ),
    (
        "billing/proof/rules.py",
        "number, broken = cursor.fetchone() or (0, 0)",
        {"0": ("(0 + 1)", "(0 - 1)")},
        "a count is always one row",
    ),
    (
        "billing/proof/rules.py",
        'f"(SELECT * FROM billing_usage_event WHERE id >= {NEAR} AND minute_no >= %(first_minute)s AND {ONLY})"',
        {">=": (">",)},
        _LEAST_ID,
    ),
    (
        "billing/proof/seals.py",
        "SELECT DISTINCT workspace_id, day FROM billing_daily_usage WHERE day <= %(last)s) d",
        {"DISTINCT ": ("",)},
        "a union has no row twice",
    ),
    (
        "billing/proof/seals.py",
        "WHERE e.rev > 0",
        {">": (">=",)},
        "nothing of a day is open when it is sealed: what comes later is a correction",
    ),
    (
        "billing/proof/marks.py",
        "SUMS = \"jsonb_build_object({}, 'excess', coalesce(sum(excess), 0)::bigint)\".format(",
        {"0": ("(1 + 0)",)},
        "what is sealed has a request at least",
    ),
    (
        "billing/proof/marks.py",
        '", ".join(f"\'{name}\', coalesce(sum({name}), 0)::bigint" for name in sums.MEASURES)',
        {"0": ("(1 + 0)",)},
        "what is sealed has a request at least",
    ),
    (
        "billing/proof/seals.py",
        "of_days AS NOT MATERIALIZED (",
        {"NOT": ("",)},
        "whether rows are kept beside tells nothing",
    ),
    (
        "billing/proof/seals.py",
        "FROM billing_ledger_entry l LEFT JOIN billing_ledger_transaction t",
        {"LEFT JOIN": ("JOIN",)},
        "the database keeps no entry without its transaction",
    ),
    (
        "billing/proof/seals.py",
        "[sealed] = cursor.fetchone() or (False,)",
        {"False": ("True",)},
        _ONE_ROW,
    ),
    (
        "billing/proof/retention.py",
        "_ATTEMPTS_PER_CALL = 50_000",
        {"50_000": ("(50_000 + 1)", "(50_000 - 1)")},
        "how many rows go at once tells nothing",
    ),
    (
        "billing/proof/retention.py",
        "SELECT to_date(right(relname, 6), 'YYYYMM') FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid",
        {"=": ("<>",)},
        "the partitions have the same parent: each name is met beside another",
    ),
    (
        "billing/proof/retention.py",
        "ORDER BY 1 LIMIT 1",
        {"1": ("(1 + 1)",)},
        "only the first row is read",
    ),
    (
        "billing/proof/retention.py",
        "WHERE s.workspace_id = e.workspace_id AND s.day = e.day), -1)",
        {"1": ("(1 + 1)",)},
        "no charge has a number below nothing",
    ),
    (
        "billing/proof/retention.py",
        "WHERE request_id >= billing_first_id(%(month)s) AND request_id < billing_first_id(%(end)s)",
        {">=": (">",), "<": ("<=",)},
        _LEAST_ID,
    ),
    (
        "billing/proof/retention.py",
        "[events] = cursor.fetchone() or (0,)",
        {"0": ("(0 + 1)", "(0 - 1)")},
        _ONE_ROW,
    ),
    (
        "billing/proof/retention.py",
        "SELECT ctid FROM billing_attempt WHERE id < (",
        {"<": ("<=",)},
        _LEAST_ID,
    ),
    (
        "billing/proof/retention.py",
        "return (month + timedelta(days=31)).replace(day=1)",
        {"31": ("(31 + 1)",)},
        "32 days after the first of a month are in the next one too",
    ),
    (
        "billing/proof/verdict.py",
        "worst[day] = max(worst.get(day, 0), broken)",
        {"0": ("(0 - 1)",)},
        "no audit finds less than nothing",
    ),
    (
        "billing/proof/verdict.py",
        "red = ended.filter(broken__gt=0, id__gt=green.pk if green else 0)",
        {"0": ("(0 - 1)",)},
        "what follows the last green audit is red, and ids begin at 1",
    ),
    (
        "billing/proof/seals.py",
        "ON u.workspace_id = a.workspace_id AND u.charge_no > a.charged_no",
        {">": (">=",)},
        "what is charged is in the sums of its day",
    ),
    (
        "billing/proof/rebuild.py",
        'AND e.minute_no >= %(first)s AND e.minute_no < %(after)s"""',
        {"<": ("<=",)},
        "sums of a day after the last are left out again",
    ),
    (
        "billing/proof/rebuild.py",
        '"after": sums.first_minute(last + timedelta(days=1)),',
        {"1": ("(1 + 1)",)},
        "sums of a day after the last are left out again",
    ),
    (
        "billing/proof/tasks.py",
        "_SEAL_SECONDS = 40.0",
        {"40.0": ("(40.0 + 1)", "(40.0 - 1)")},
        "about how long a round takes tells nothing",
    ),
    (
        "billing/proof/tasks.py",
        "if time.monotonic() > until:",
        {">": (">=",)},
        "no clock is read at one moment",
    ),
)
