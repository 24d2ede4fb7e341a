"""Rules between requests, their charges and their sums: everything used is charged once and summed once."""

from billing import sums
from billing.proof.marks import DAILY_DIGEST, LAST_SEALS
from billing.proof.rules import CHARGED, EVENTS, NEAR, ONLY, POSTED, Invariant

__all__ = ["USAGE"]

# Where the events have left, a day is held against its seal. The condition is a constant, so a scope in which
# nothing is gone costs nothing.
_GONE = "%(gone)s AND day >= %(since)s AND day < %(first_day)s"
_UNPOSTED = """SELECT {} FROM billing_usage_event e
    WHERE e.workspace_id = a.workspace_id AND e.charge_no > a.charged_no"""


def _sums(table: str, time: str, day: str, made: str, kept: str) -> str:
    keys = ", ".join(("workspace_id", time, *sums.DIMENSIONS))
    from_events = ", ".join(f"{how} AS made_{name}" for name, how in sums.EVENT_MEASURES.items())
    right = ", ".join(f"made_{name}" for name in sums.MEASURES)
    stored = ", ".join(sums.MEASURES)
    # Sums that are equal are not written down as text: there are millions of them.
    differ = f"({right}) IS DISTINCT FROM ({stored})"
    return f"""
        SELECT workspace_id, {day} AS day,
            format('key %%s model %%s provider %%s tag %%s at %%s', {", ".join((*sums.DIMENSIONS[:3],))}, tag, {time}) AS subject,
            CASE WHEN is_made AND {differ} THEN row({right})::text END AS expected,
            CASE WHEN is_stored AND {differ} THEN row({stored})::text END AS found
        FROM (SELECT *, true AS is_made FROM (
                  SELECT workspace_id, {made} AS {time}, {", ".join(sums.DIMENSIONS)}, {from_events}
                  {POSTED} GROUP BY 1, 2, {", ".join(sums.DIMENSIONS)}) sums WHERE {kept}) e
        FULL JOIN (SELECT *, true AS is_stored FROM {table} WHERE {kept} AND {ONLY}) f USING ({keys})"""


USAGE = (
    Invariant(
        "I4",
        "what is unbilled is the cost of the events not yet posted",
        f"""SELECT workspace_id, NULL::date AS day, 'unbilled' AS subject, coalesce(cost, 0) AS expected,
               unbilled AS found
           FROM billing_account FULL JOIN (
               SELECT workspace_id, sum(cost) AS cost FROM billing_usage_event LEFT JOIN {CHARGED}
               WHERE charge_no > coalesce(charged_no, 0) GROUP BY 1) e USING (workspace_id)""",
        window=f"""SELECT workspace_id, NULL::date AS day, 'unbilled' AS subject,
               coalesce(({_UNPOSTED.format("sum(cost)")}), 0) AS expected, unbilled AS found
           FROM billing_account a""",
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
           FROM billing_usage_event r WHERE rev > 0 AND id >= {NEAR}""",
    ),
    Invariant(
        "I7",
        "every charge is the cost of the events of its number and day, and each posted number is charged",
        f"""SELECT workspace_id, day, format('charge %%s', charge_no) AS subject,
               CASE WHEN events > 0 THEN -cost END AS expected,
               CASE WHEN cost = 0 THEN coalesce(amount, 0) ELSE amount END AS found
           FROM (SELECT workspace_id, charge_no, {sums.DAY} AS day, count(*) AS events, sum(cost) AS cost
                 {POSTED} GROUP BY 1, 2, 3) e
           FULL JOIN (SELECT t.workspace_id, t.charge_no, t.day, sum(l.amount) AS amount
                 FROM (SELECT * FROM billing_ledger_transaction
                       WHERE kind = 'usage' AND id >= {NEAR} AND day >= %(first_day)s AND {ONLY}) t
                 LEFT JOIN billing_ledger_entry l
                     ON l.transaction_id = t.id AND l.workspace_id = t.workspace_id AND l.account = 'workspace'
                 GROUP BY 1, 2, 3) c USING (workspace_id, charge_no, day)
           UNION ALL
           SELECT workspace_id, day, 'charges of the sealed day', coalesce(-cost, 0), coalesce(amount, 0)
           FROM (SELECT workspace_id, day, (sums ->> 'cost')::bigint AS cost FROM {LAST_SEALS} s WHERE {_GONE}) e
           FULL JOIN (SELECT t.workspace_id, t.day, sum(amount) AS amount
                 FROM (SELECT * FROM billing_ledger_transaction WHERE kind = 'usage' AND {_GONE} AND {ONLY}) t
                 JOIN billing_ledger_entry l
                     ON l.transaction_id = t.id AND l.workspace_id = t.workspace_id AND l.account = 'workspace'
                 GROUP BY 1, 2) c USING (workspace_id, day)""",
    ),
    Invariant(
        "I8 days",
        "daily usage is the sum of the posted events, and nothing else",
        _sums("billing_daily_usage", time="day", day="day", made=sums.DAY, kept="day >= %(first_day)s")
        + f"""
           UNION ALL
           SELECT workspace_id, day, 'all sums of the sealed day', expected, found
           FROM (SELECT workspace_id, day, encode(days_digest, 'hex') AS expected FROM {LAST_SEALS} s WHERE {_GONE}) e
           FULL JOIN (SELECT workspace_id, day, encode({DAILY_DIGEST}, 'hex') AS found
                      FROM billing_daily_usage WHERE {_GONE} GROUP BY 1, 2) f USING (workspace_id, day)""",
    ),
    Invariant(
        "I8 quarters",
        "quarter-hourly usage is the sum of the posted events, as long as it is kept",
        _sums(
            "billing_usage_bucket",
            time="starts_at",
            day="(starts_at AT TIME ZONE 'UTC')::date",
            made="to_timestamp((minute_no / 15)::bigint * 900)",
            kept="starts_at >= greatest(now() - interval '89 days', %(first_day)s::timestamp AT TIME ZONE 'UTC')",
        ),
    ),
    Invariant(
        "I9",
        "daily usage and what is unbilled are together the cost of all events",
        f"""SELECT workspace_id, NULL::date AS day, 'all usage' AS subject,
               coalesce(cost, 0) + coalesce(before, 0) + coalesce(sealed, 0) AS expected,
               coalesce(rolled, 0) + unbilled AS found
           FROM (SELECT workspace_id, unbilled, (
                     {_UNPOSTED.format("sum(cost)")} AND e.minute_no < %(first_minute)s) AS before
                 FROM billing_account a) a
           FULL JOIN (SELECT workspace_id, sum(cost) AS cost FROM {EVENTS} x GROUP BY 1) e USING (workspace_id)
           FULL JOIN (SELECT workspace_id, sum(cost) AS rolled FROM billing_daily_usage
                      WHERE day >= %(since)s AND {ONLY} GROUP BY 1) d USING (workspace_id)
           FULL JOIN (SELECT workspace_id, sum((sums ->> 'cost')::bigint) AS sealed FROM {LAST_SEALS} s
                      WHERE {_GONE} GROUP BY 1) g USING (workspace_id)""",
    ),
)
