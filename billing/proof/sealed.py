"""Rules of the seals: what was sealed still makes the same digest, and the seals chain."""

from billing import sums
from billing.proof.marks import ENTRY_MARK, EVENT_MARK, SEAL_MARK
from billing.proof.rules import EVENTS, ONLY, Invariant

__all__ = ["SEALED"]

_BEFORE = "LEFT JOIN billing_day_seal b ON b.workspace_id = s.workspace_id AND b.no = s.no - 1"
_HASH = SEAL_MARK.format(before="coalesce(b.seal, ''::bytea)", s="s")

SEALED = (
    Invariant(
        "I13",
        "a day that is over does not change: its requests make the digest that was sealed, and the seals chain",
        f"""WITH marked AS MATERIALIZED (
                SELECT workspace_id, {sums.DAY} AS day, charge_no, id, {EVENT_MARK} AS mark
                FROM {EVENTS} e WHERE minute_no < %(unsealed_minute)s),
            made AS (
                SELECT workspace_id, no, count(*) AS events, sha256(string_agg(mark, ''::bytea ORDER BY id)) AS digest
                FROM marked JOIN (SELECT workspace_id, day, no, through_no FROM billing_day_seal) s USING (workspace_id, day)
                WHERE charge_no <= through_no GROUP BY 1, 2)
            SELECT workspace_id, day, format('requests under seal %%s', no) AS subject,
               format('%%s: %%s', s.events, encode(events_digest, 'hex')) AS expected,
               format('%%s: %%s', coalesce(made.events, 0), encode(digest, 'hex')) AS found
            FROM (SELECT * FROM billing_day_seal WHERE day >= %(first_day)s AND {ONLY}) s
            LEFT JOIN made USING (workspace_id, no)
            UNION ALL
            SELECT s.workspace_id, s.day, format('seal %%s', s.no),
               format('%%s: %%s', coalesce(b.no, 0) + 1, encode({_HASH}, 'hex')),
               format('%%s: %%s', s.no, encode(s.seal, 'hex'))
            FROM billing_day_seal s {_BEFORE} WHERE s.day >= %(since)s
            UNION ALL
            SELECT workspace_id, day, 'seal of the day', 'sealed', CASE WHEN EXISTS (
                SELECT FROM billing_day_seal s WHERE s.workspace_id = d.workspace_id AND s.day = d.day)
                THEN 'sealed' ELSE 'not sealed' END
            FROM (SELECT DISTINCT workspace_id, day FROM billing_daily_usage
                  WHERE day >= %(since)s AND day < %(seals_overdue)s AND {ONLY}) d
            WHERE EXISTS (SELECT FROM billing_day_seal a WHERE a.workspace_id = d.workspace_id)""",
    ),
    Invariant(
        "I14",
        "the ledger only grows: the entries up to a seal make the digest that was sealed",
        f"""SELECT s.workspace_id, s.day, format('entries %%s to %%s under seal %%s',
                   coalesce(b.ledger_seq, 0) + 1, s.ledger_seq, s.no) AS subject,
               encode(s.ledger_digest, 'hex') AS expected,
               encode(sha256(coalesce(b.ledger_digest, ''::bytea) || coalesce(marks, ''::bytea)), 'hex') AS found
            FROM (SELECT * FROM billing_day_seal WHERE day >= %(since)s AND {ONLY}) s {_BEFORE}
            CROSS JOIN LATERAL (
                SELECT string_agg({ENTRY_MARK}, ''::bytea ORDER BY l.seq) AS marks
                FROM billing_ledger_entry l LEFT JOIN billing_ledger_transaction t
                    ON t.id = l.transaction_id AND t.workspace_id = l.workspace_id
                WHERE l.workspace_id = s.workspace_id
                  AND l.seq > coalesce(b.ledger_seq, 0) AND l.seq <= s.ledger_seq) m""",
    ),
)
