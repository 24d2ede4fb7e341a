"""The rule of credit: what a workspace can spend is not exceeded, but for what rows show to be the exceptions."""

from billing.proof.rules import Invariant

__all__ = ["EXCESS", "FUNDS", "TAKEN"]

EXCESS = """(
    coalesce((SELECT sum(greatest(0, cost - hold)) FROM billing_usage_event x
              WHERE x.workspace_id = a.workspace_id AND x.minute_no >= %(complete_minute)s), 0)
    + coalesce((SELECT sum((sums ->> 'excess')::bigint) FROM billing_day_seal s
                WHERE s.workspace_id = a.workspace_id AND s.day < %(complete_from)s AND NOT EXISTS (
                    SELECT FROM billing_day_seal n WHERE n.workspace_id = s.workspace_id
                    AND n.day = s.day AND n.revision > s.revision)), 0))"""
"""What requests of account `a` cost above their holds; corrections hold nothing. Of events that left, their seals tell."""

TAKEN = """coalesce((SELECT sum(-m.amount) FROM billing_ledger_entry m
    JOIN billing_ledger_transaction u ON u.id = m.transaction_id AND u.workspace_id = m.workspace_id
    WHERE m.workspace_id = a.workspace_id AND m.seq IS NOT NULL AND m.amount < 0 AND u.kind <> 'usage'), 0)"""
"""What refunds, disputes, expiries and corrections took from account `a`: they ask nobody what is spent meanwhile."""

_AVAILABLE = "a.posted - a.unbilled - a.held + a.overdraft_limit"

FUNDS = (
    Invariant(
        "I10",
        "nobody is let in without credit: what is available is at least zero, less what cost more than its hold"
        " and what refunds, disputes and corrections took",
        f"""SELECT workspace_id, NULL::date AS day, 'available' AS subject,
               CASE WHEN {_AVAILABLE} >= 0 THEN {_AVAILABLE}
                    ELSE greatest({_AVAILABLE}, - {EXCESS} - {TAKEN}) END AS expected,
               {_AVAILABLE} AS found
            FROM billing_account a""",
    ),
)
