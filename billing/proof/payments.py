"""The rule of money from cards: each payment is credited once and whole, and what went back was taken off again."""

from billing.proof.rules import ONLY, Invariant

__all__ = ["PAYMENTS"]

# The key of such a movement is stripe:<session, payment or top-up>[:refund]:<number>, or stripe:<dispute>:<number>.
_MOVED = f"""(SELECT t.workspace_id, t.day, t.id AS transaction_id, t.kind, split_part(t.idem_key, ':', 2) AS about, e.amount
    FROM (SELECT * FROM billing_ledger_transaction WHERE kind <> 'usage' AND idem_key LIKE 'stripe:%%' AND {ONLY}) t
    LEFT JOIN billing_ledger_entry e
        ON e.transaction_id = t.id AND e.workspace_id = t.workspace_id AND e.account = 'workspace')"""
_NANO_PER_CENT = 10_000_000

PAYMENTS = (
    Invariant(
        "I11",
        "each payment by card is one top-up of its amount, and what was refunded or disputed was taken off",
        f"""SELECT workspace_id, coalesce(day, paid_on) AS day, format('top-up %%s', coalesce(id::text, about)) AS subject,
               expected, CASE WHEN p.transaction_id IS NULL OR p.transaction_id = m.transaction_id THEN amount END AS found
            FROM (SELECT workspace_id, id, transaction_id, coalesce(session_id, payment_intent) AS about,
                      (paid_at AT TIME ZONE 'UTC')::date AS paid_on, amount_cents * {_NANO_PER_CENT}::bigint AS expected
                  FROM billing_topup WHERE status = 'paid' AND {ONLY}) p
            FULL JOIN (SELECT * FROM {_MOVED} x WHERE kind = 'topup') m USING (workspace_id, about)
            UNION ALL
            SELECT workspace_id, coalesce(day, paid_on), format('refunds of top-up %%s', about), coalesce(expected, 0),
               coalesce(amount, 0)
            FROM (SELECT workspace_id, id::text AS about, (paid_at AT TIME ZONE 'UTC')::date AS paid_on,
                      -refunded_cents * {_NANO_PER_CENT}::bigint AS expected
                  FROM billing_topup WHERE status = 'paid' AND {ONLY}) p
            FULL JOIN (SELECT workspace_id, about, sum(amount) AS amount, max(day) AS day FROM {_MOVED} x
                       WHERE kind = 'refund' GROUP BY 1, 2) m USING (workspace_id, about)
            UNION ALL
            SELECT workspace_id, coalesce(day, opened_on), format('dispute %%s', about), coalesce(expected, 0),
               coalesce(amount, 0)
            FROM (SELECT workspace_id, dispute_id AS about, (opened_at AT TIME ZONE 'UTC')::date AS opened_on,
                      -taken_cents * {_NANO_PER_CENT}::bigint AS expected
                  FROM billing_dispute WHERE {ONLY}) p
            FULL JOIN (SELECT workspace_id, about, sum(amount) AS amount, max(day) AS day FROM {_MOVED} x
                       WHERE kind = 'dispute' GROUP BY 1, 2) m USING (workspace_id, about)""",
    ),
)
