"""The rule of the trail of changes: each row makes the hash it has, after the row before it, and the newest is still there."""

from billing.proof.rules import Invariant

__all__ = ["TRAIL"]

TRAIL = (
    Invariant(
        "I16",
        "what people changed stays told: each row of the trail makes its hash after the one before, and none is missing",
        """SELECT coalesce(t.workspace_id, 0) AS workspace_id, (t.at AT TIME ZONE 'UTC')::date AS day,
               format('change %%s', t.no) AS subject,
               format('%%s after %%s', encode(accounts_trail_hash(t), 'hex'), encode(coalesce(b.hash, ''), 'hex')) AS expected,
               format('%%s after %%s', encode(t.hash, 'hex'), encode(t.before, 'hex')) AS found
            FROM accounts_trail t LEFT JOIN accounts_trail b ON b.no = t.no - 1
            WHERE t.at >= %(since)s
            UNION ALL
            SELECT 0, NULL, 'newest change', format('%%s: %%s', h.no, encode(h.hash, 'hex')),
               format('%%s: %%s', coalesce(t.no, 0), encode(coalesce(t.hash, ''), 'hex'))
            FROM accounts_trail_head h LEFT JOIN LATERAL (SELECT no, hash FROM accounts_trail ORDER BY no DESC LIMIT 1) t ON true""",
    ),
)
