"""Rules of the ledger by itself: balances are sums, entries chain, legs cancel out, nothing sinks below zero unasked."""

from billing.proof.funds import EXCESS, TAKEN
from billing.proof.rules import NEAR, ONLY, Invariant

__all__ = ["BOOKS"]

_ACCOUNTS = """FROM (SELECT id AS workspace_id FROM accounts_workspace) w
    FULL JOIN billing_account a USING (workspace_id)"""
_OWN = f"(SELECT * FROM billing_ledger_entry WHERE account = 'workspace' AND transaction_id >= {NEAR} AND {ONLY})"
_DATED = (
    "LEFT JOIN billing_ledger_transaction t ON t.id = e.transaction_id AND t.workspace_id = e.workspace_id"
)
# A scalar subquery is a probe of the index per account: entries of the workspace's own account have a number.
_LAST = """SELECT {} FROM billing_ledger_entry l
    WHERE l.workspace_id = a.workspace_id AND l.seq IS NOT NULL ORDER BY l.seq DESC LIMIT 1"""
_LAST_NUMBER = f"""SELECT workspace_id, NULL::date, 'last entry', coalesce(({_LAST.format("seq")}), 0)::text, seq::text
    FROM billing_account a"""

BOOKS = (
    Invariant(
        "I1",
        "every workspace has an account, and its posted balance is the sum of its ledger entries",
        f"""SELECT workspace_id, NULL::date AS day, 'posted' AS subject, coalesce(total, 0) AS expected, posted AS found
            {_ACCOUNTS}
            FULL JOIN (SELECT workspace_id, sum(amount) AS total FROM billing_ledger_entry
                       WHERE account = 'workspace' GROUP BY 1) e USING (workspace_id)""",
        # That the balance of the last entry is the sum of all is I2.
        window=f"""SELECT workspace_id, NULL::date AS day, 'posted' AS subject,
                coalesce(({_LAST.format("balance_after")}), 0) AS expected, posted AS found
            {_ACCOUNTS}""",
    ),
    Invariant(
        "I2",
        "ledger entries are numbered without gaps, and each balance is the sum of the amounts so far",
        f"""SELECT e.workspace_id, t.day, format('entry %%s', seq) AS subject,
               format('%%s: %%s', row_number() OVER w, sum(amount) OVER w) AS expected,
               format('%%s: %%s', seq, balance_after) AS found
            FROM {_OWN} e {_DATED}
            WINDOW w AS (PARTITION BY e.workspace_id ORDER BY seq)
            UNION ALL {_LAST_NUMBER}""",
        window=f"""SELECT e.workspace_id, t.day, format('entry %%s', e.seq) AS subject,
               CASE e.seq WHEN 1 THEN e.amount::text ELSE (b.balance_after + e.amount)::text END AS expected,
               e.balance_after::text AS found
            FROM {_OWN} e {_DATED}
            LEFT JOIN billing_ledger_entry b ON b.workspace_id = e.workspace_id AND b.seq = e.seq - 1
            UNION ALL {_LAST_NUMBER}""",
    ),
    Invariant(
        "I3",
        "every ledger transaction has at least two legs that sum to zero",
        f"""SELECT workspace_id, day, format('%%s transaction %%s', kind, t.id) AS subject, 0 AS expected,
               CASE WHEN legs >= 2 THEN total END AS found
           FROM (SELECT * FROM billing_ledger_transaction WHERE id >= {NEAR} AND {ONLY}) t LEFT JOIN (
               SELECT transaction_id AS id, workspace_id, count(*) AS legs, sum(amount) AS total
               FROM billing_ledger_entry WHERE transaction_id >= {NEAR} AND {ONLY} GROUP BY 1, 2) e
               USING (id, workspace_id)""",
    ),
    Invariant(
        "I12",
        "a balance sinks below zero only by a refund, dispute or correction, or by what the credit rule allows",
        f"""SELECT a.workspace_id, t.day, format('%%s entry %%s', kind, e.seq) AS subject,
               CASE WHEN kind IN ('refund', 'dispute', 'adjustment', 'reversal') THEN balance_after
                    ELSE greatest(balance_after, - overdraft_limit - {EXCESS} - {TAKEN}) END AS expected,
               balance_after AS found
           FROM {_OWN} e JOIN billing_account a ON a.workspace_id = e.workspace_id {_DATED}
           WHERE balance_after < 0 AND balance_after - amount >= 0""",
    ),
)
