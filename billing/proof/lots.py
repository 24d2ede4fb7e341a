"""Rules of credit: every movement is split over lots, no lot gives what it has not, and requests are told what is left."""

from billing.credits.lots import BALANCE
from billing.proof.rules import NEAR, ONLY, Invariant

__all__ = ["LOTS"]

_LOTS = f"(SELECT * FROM billing_credit_lot WHERE {ONLY})"
_MOVEMENTS = f"(SELECT * FROM billing_credit_movement WHERE {ONLY})"
_OF_LOTS = f"""SELECT workspace_id, NULL::date AS day, format('%%s lot %%s', source, lot_id) AS subject,
    coalesce(moved, 0) AS expected, remaining AS found
    FROM (SELECT workspace_id, id AS lot_id, source, remaining FROM {_LOTS} l {{}}) l
    {{}} JOIN (SELECT workspace_id, lot_id, sum(amount) AS moved FROM {_MOVEMENTS} m
          WHERE lot_id IS NOT NULL GROUP BY 1, 2) m USING (workspace_id, lot_id)"""
_OWN = ", ".join(f"'{source}'" for source in sorted(BALANCE))

# Credit that came in while something was owed gave some of it at once: what came in are its positive movements.
_BROUGHT = f"""
    UNION ALL
    SELECT workspace_id, NULL::date, format('%%s lot %%s brought', source, lot_id), coalesce(moved, 0), amount
    FROM (SELECT workspace_id, id AS lot_id, transaction_id, source, amount FROM {_LOTS} l
          WHERE transaction_id >= {NEAR}) l
    LEFT JOIN (SELECT workspace_id, lot_id, transaction_id, sum(amount) AS moved FROM {_MOVEMENTS} m
          WHERE lot_id IS NOT NULL AND amount > 0 AND transaction_id >= {NEAR} GROUP BY 1, 2, 3) m
        USING (workspace_id, lot_id, transaction_id)"""

LOTS = (
    Invariant(
        "L1",
        "every movement of the ledger is split over lots, to the last nano-dollar",
        f"""SELECT workspace_id, t.day, format('%%s transaction %%s', t.kind, transaction_id) AS subject,
               e.amount AS expected, m.amount AS found
            FROM (SELECT workspace_id, transaction_id, amount FROM billing_ledger_entry
                  WHERE account = 'workspace' AND transaction_id >= {NEAR} AND {ONLY}) e
            FULL JOIN (SELECT workspace_id, transaction_id, sum(amount) AS amount FROM billing_credit_movement
                  WHERE transaction_id >= {NEAR} AND {ONLY} GROUP BY 1, 2) m USING (workspace_id, transaction_id)
            LEFT JOIN (SELECT workspace_id, id AS transaction_id, kind, day FROM billing_ledger_transaction
                  WHERE id >= {NEAR} AND {ONLY}) t USING (workspace_id, transaction_id)""",
    ),
    Invariant(
        "L2",
        "what remains of a lot is what came into it less what it paid",
        _OF_LOTS.format("", "FULL") + _BROUGHT,
        window=_OF_LOTS.format("WHERE remaining > 0", "LEFT") + _BROUGHT,
    ),
    Invariant(
        "L3",
        "what remains of all lots, less what none covered, is the posted balance",
        f"""SELECT workspace_id, NULL::date AS day, 'lots' AS subject, posted::numeric AS expected,
               coalesce(remaining, 0) - coalesce(uncovered, 0) AS found
            FROM billing_account FULL JOIN billing_purse USING (workspace_id)
            FULL JOIN (SELECT workspace_id, sum(remaining) AS remaining FROM {_LOTS} l GROUP BY 1) l USING (workspace_id)
            UNION ALL
            SELECT workspace_id, NULL, 'uncovered', uncovered, coalesce(open, 0)
            FROM billing_purse LEFT JOIN (SELECT workspace_id, -sum(amount) AS open FROM {_MOVEMENTS} m
                WHERE lot_id IS NULL GROUP BY 1) m USING (workspace_id)""",
    ),
    Invariant(
        "L4",
        "requests reach what the lots leave them: what ends next and what may not be spilled into is kept back",
        f"""SELECT workspace_id, NULL::date AS day, subject, expected, found
            FROM billing_account a
            LEFT JOIN billing_purse p USING (workspace_id)
            LEFT JOIN (SELECT workspace_id, min(expires_on) AS ends FROM {_LOTS} l WHERE remaining > 0 GROUP BY 1) f
                USING (workspace_id)
            CROSS JOIN LATERAL (SELECT coalesce(sum(remaining) FILTER (WHERE expires_on <= ends), 0) AS first,
                coalesce(sum(remaining) FILTER (WHERE expires_on <= greatest(ends, current_date)), 0) AS due,
                coalesce(sum(remaining) FILTER (WHERE source IN ({_OWN})), 0) AS own
                FROM billing_credit_lot l WHERE l.workspace_id = a.workspace_id AND remaining > 0) s
            CROSS JOIN LATERAL (VALUES
                ('lapse minute', coalesce((ends - DATE '1970-01-01') * 1440, 2147483647)::numeric, lapse_minute::numeric),
                ('lapsing', CASE WHEN lapsing BETWEEN first AND due THEN lapsing ELSE first END, lapsing),
                ('withheld', CASE coalesce(spill, 'free') WHEN 'free' THEN 0 WHEN 'off' THEN own
                    ELSE least(withheld, own) END, withheld)) v (subject, expected, found)
            WHERE {ONLY}""",
    ),
    Invariant(
        "L5",
        "what the budget of a key holds is what its open requests hold",
        f"""SELECT workspace_id, NULL::date AS day, format('key %%s', api_key_id) AS subject,
               coalesce(hold, 0) AS expected, held AS found
            FROM (SELECT * FROM billing_key_budget WHERE {ONLY}) b
            FULL JOIN (SELECT workspace_id, api_key_id, sum(hold) AS hold FROM billing_admission
                WHERE budgeted AND {ONLY} GROUP BY 1, 2) o USING (workspace_id, api_key_id)""",
    ),
)
