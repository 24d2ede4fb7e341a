"""What must hold of the money at every moment: each invariant one SQL statement, all read in one snapshot."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from billing import sums

__all__ = ["FINDINGS_SHOWN", "INVARIANTS", "Finding", "Invariant", "Outcome", "check", "snapshot"]

FINDINGS_SHOWN = 100
"""How many findings of an invariant are listed; all are counted."""

REAP_SECONDS = 60
"""How long after its worker fell silent a lease may be left, with sweeps every few seconds."""


@dataclass(frozen=True, slots=True)
class Invariant:
    """A rule in words, and the query that compares: workspace, UTC day or null, subject, expected, found."""

    name: str
    says: str
    compared: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One row that breaks a rule; a missing side is None."""

    workspace_id: int
    day: date | None
    subject: str
    expected: str | None
    found: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check of one rule came to: rows compared, rows that break it, and the first of those."""

    name: str
    says: str
    compared: int
    broken: int
    findings: tuple[Finding, ...]


@contextmanager
def snapshot() -> Iterator[CursorWrapper]:
    """Open one read-only view of the whole database: live traffic makes no false alarms in it.

    Waits at most ten minutes for a statement. Must be the outermost transaction.
    """
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute("SET LOCAL statement_timeout = '10min'")
        yield cursor


def check(cursor: CursorWrapper, invariant: Invariant, *, workspace_id: int | None = None) -> Outcome:
    """Check one invariant over everything, or over one workspace."""
    cursor.execute(
        f"""WITH compared AS MATERIALIZED ({invariant.compared}),
            kept AS (SELECT * FROM compared WHERE workspace_id = %(only)s OR %(only)s::bigint IS NULL),
            broken AS (SELECT * FROM kept WHERE expected IS DISTINCT FROM found)
            SELECT (SELECT count(*) FROM kept), (SELECT count(*) FROM broken),
                workspace_id, day, subject, expected::text, found::text
            FROM (SELECT) one LEFT JOIN (
                SELECT * FROM broken ORDER BY workspace_id, day, subject LIMIT {FINDINGS_SHOWN}) shown ON true""",
        {"only": workspace_id, "dead": settings.WORKER_SILENCE_SECONDS + REAP_SECONDS},
    )
    rows = cursor.fetchall()
    compared, broken = rows[0][:2]
    findings = tuple(Finding(*row[2:]) for row in rows) if broken else ()
    return Outcome(invariant.name, invariant.says, compared, broken, findings)


# The account has a charge number of its own: the open one.
_CHARGED = "(SELECT workspace_id, charged_no FROM billing_account) a USING (workspace_id)"
_POSTED = f"FROM billing_usage_event JOIN {_CHARGED} WHERE charge_no <= charged_no"


def _sums(table: str, time: str, day: str, made: str, kept: str = "true") -> str:
    keys = ("workspace_id", time, *sums.DIMENSIONS)
    measures = ", ".join(sums.MEASURES)
    from_events = ", ".join(f"{how} AS {name}" for name, how in sums.EVENT_MEASURES.items())
    return f"""
        WITH made AS (
            SELECT workspace_id, {made} AS {time}, {", ".join(sums.DIMENSIONS)}, {from_events}
            {_POSTED} GROUP BY 1, 2, {", ".join(sums.DIMENSIONS)})
        SELECT workspace_id, {day} AS day,
            format('key %%s model %%s provider %%s tag %%s at %%s', {", ".join((*sums.DIMENSIONS[:3],))}, tag, {time}) AS subject,
            expected, found
        FROM (SELECT {", ".join(keys)}, row({measures})::text AS expected FROM made) e
        FULL JOIN (SELECT {", ".join(keys)}, row({measures})::text AS found FROM {table}) f
            USING ({", ".join(keys)})
        WHERE {kept}"""


INVARIANTS = (
    Invariant(
        "I1",
        "every workspace has an account, and its posted balance is the sum of its ledger entries",
        """SELECT workspace_id, NULL::date AS day, 'posted' AS subject, coalesce(total, 0) AS expected, posted AS found
           FROM (SELECT id AS workspace_id FROM accounts_workspace) w
           FULL JOIN billing_account USING (workspace_id)
           FULL JOIN (SELECT workspace_id, sum(amount) AS total FROM billing_ledger_entry
                      WHERE account = 'workspace' GROUP BY 1) e USING (workspace_id)""",
    ),
    Invariant(
        "I2",
        "ledger entries are numbered without gaps, and each balance is the sum of the amounts so far",
        """SELECT workspace_id, NULL::date AS day, format('entry %%s', seq) AS subject,
               format('%%s: %%s', row_number() OVER w, sum(amount) OVER w) AS expected,
               format('%%s: %%s', seq, balance_after) AS found
           FROM billing_ledger_entry WHERE account = 'workspace'
           WINDOW w AS (PARTITION BY workspace_id ORDER BY seq)
           UNION ALL
           SELECT workspace_id, NULL, 'last entry', coalesce(last, 0)::text, seq::text
           FROM billing_account LEFT JOIN (
               SELECT workspace_id, max(seq) AS last FROM billing_ledger_entry GROUP BY 1) e USING (workspace_id)""",
    ),
    Invariant(
        "I3",
        "every ledger transaction has at least two legs that sum to zero",
        """SELECT workspace_id, day, format('%%s transaction %%s', kind, t.id) AS subject, 0 AS expected,
               CASE WHEN legs >= 2 THEN total END AS found
           FROM billing_ledger_transaction t LEFT JOIN (
               SELECT transaction_id AS id, workspace_id, count(*) AS legs, sum(amount) AS total
               FROM billing_ledger_entry GROUP BY 1, 2) e USING (id, workspace_id)""",
    ),
    Invariant(
        "I4",
        "what is unbilled is the cost of the events not yet posted",
        f"""SELECT workspace_id, NULL::date AS day, 'unbilled' AS subject, coalesce(cost, 0) AS expected,
               unbilled AS found
           FROM billing_account FULL JOIN (
               SELECT workspace_id, sum(cost) AS cost FROM billing_usage_event LEFT JOIN {_CHARGED}
               WHERE charge_no > coalesce(charged_no, 0) GROUP BY 1) e USING (workspace_id)""",
    ),
    Invariant(
        "I5",
        "what is held, and the open streams, are those of the open requests",
        """SELECT workspace_id, NULL::date AS day, subject, expected, found
           FROM billing_account FULL JOIN (
               SELECT workspace_id, sum(hold) AS hold, count(*) FILTER (WHERE stream) AS streams
               FROM billing_admission GROUP BY 1) o USING (workspace_id)
           CROSS JOIN LATERAL (VALUES ('held', coalesce(hold, 0), held::numeric),
               ('open streams', coalesce(streams, 0), open_streams::numeric)) v (subject, expected, found)""",
    ),
    Invariant(
        "I6",
        "a request is open or it has its event, a dead worker's are ended, a correction corrects something",
        f"""SELECT workspace_id, {sums.DAY} AS day, format('open request %%s', request_id) AS subject,
               '' AS expected, concat(
                   CASE WHEN EXISTS (SELECT FROM billing_usage_event e WHERE e.id = o.request_id
                       AND e.workspace_id = o.workspace_id) THEN 'has an event ' END,
                   CASE WHEN admitted_at < now() - make_interval(secs => %(dead)s) AND NOT EXISTS (
                       SELECT FROM billing_worker w WHERE w.worker_id = o.worker_id
                       AND heartbeat_at > now() - make_interval(secs => %(dead)s)) THEN 'has no worker' END) AS found
           FROM billing_admission o
           UNION ALL
           SELECT workspace_id, {sums.DAY}, format('correction %%s', r.id), '', CASE WHEN EXISTS (
               SELECT FROM billing_usage_event e WHERE e.id = r.request_id AND e.workspace_id = r.workspace_id)
               THEN '' ELSE 'has no event' END
           FROM billing_usage_event r WHERE rev > 0""",
    ),
    Invariant(
        "I7",
        "every charge is the cost of the events of its number and day, and each posted number is charged",
        f"""SELECT workspace_id, day, format('charge %%s', charge_no) AS subject,
               CASE WHEN events > 0 THEN -cost END AS expected,
               CASE WHEN cost = 0 THEN coalesce(amount, 0) ELSE amount END AS found
           FROM (SELECT workspace_id, charge_no, {sums.DAY} AS day, count(*) AS events, sum(cost) AS cost
                 {_POSTED} GROUP BY 1, 2, 3) e
           FULL JOIN (SELECT t.workspace_id, t.charge_no, t.day, sum(l.amount) AS amount
                 FROM billing_ledger_transaction t LEFT JOIN billing_ledger_entry l
                     ON l.transaction_id = t.id AND l.workspace_id = t.workspace_id AND l.account = 'workspace'
                 WHERE t.kind = 'usage' GROUP BY 1, 2, 3) c USING (workspace_id, charge_no, day)""",
    ),
    Invariant(
        "I8 days",
        "daily usage is the sum of the posted events, and nothing else",
        _sums("billing_daily_usage", time="day", day="day", made=sums.DAY),
    ),
    Invariant(
        "I8 quarters",
        "quarter-hourly usage is the sum of the posted events, as long as it is kept",
        _sums(
            "billing_usage_bucket",
            time="starts_at",
            day="(starts_at AT TIME ZONE 'UTC')::date",
            made="to_timestamp((minute_no / 15)::bigint * 900)",
            kept="starts_at >= now() - interval '89 days'",
        ),
    ),
    Invariant(
        "I9",
        "daily usage and what is unbilled are together the cost of all events",
        """SELECT workspace_id, NULL::date AS day, 'all usage' AS subject, coalesce(cost, 0) AS expected,
               coalesce(rolled, 0) + unbilled AS found
           FROM billing_account
           FULL JOIN (SELECT workspace_id, sum(cost) AS cost FROM billing_usage_event GROUP BY 1) e
               USING (workspace_id)
           FULL JOIN (SELECT workspace_id, sum(cost) AS rolled FROM billing_daily_usage GROUP BY 1) d
               USING (workspace_id)""",
    ),
)
