"""Seals of days that are over: what the day's requests and the ledger were is kept as digests that chain."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from django.db import connection, transaction

from billing import rollup, sums
from billing.proof import retained
from billing.proof.marks import DAILY_DIGEST, ENTRY_MARK, EVENT_MARK, FORM, SEAL_MARK, SUMS
from billing.proof.rules import SEALED_AFTER, Finding, Scope, check
from billing.proof.sealed import SEALED
from kernel import clock
from kernel.failpoints import failpoint

__all__ = ["due", "is_sealed", "seal", "verify"]

log = structlog.get_logger()

_DUE = """
SELECT workspace_id, day FROM (
    SELECT DISTINCT workspace_id, day FROM billing_daily_usage WHERE day <= %(last)s) d
WHERE NOT EXISTS (SELECT FROM billing_day_seal s WHERE s.workspace_id = d.workspace_id AND s.day = d.day)
UNION
SELECT e.workspace_id, s.day FROM billing_usage_event e
JOIN billing_account a ON a.workspace_id = e.workspace_id AND e.charge_no <= a.charged_no
JOIN billing_day_seal s ON s.workspace_id = e.workspace_id AND s.day = (DATE '1970-01-01' + e.minute_no / 1440)
WHERE e.rev > 0
GROUP BY e.workspace_id, s.day HAVING max(e.charge_no) > max(s.through_no)
"""

# A number that is posted is complete for ever, so the digest of a day's events up to one never changes. No event of a
# day has a number that was posted before the day began: what seals of before it cover need not be read.
_READ = f"""
WITH account AS (SELECT workspace_id, charged_no, seq FROM billing_account WHERE workspace_id = %(workspace)s),
before AS (SELECT coalesce(max(ledger_seq), 0) AS seq FROM billing_day_seal WHERE workspace_id = %(workspace)s),
bounds AS (
    SELECT charged_no AS through_no, coalesce((
        SELECT max(through_no) FROM billing_day_seal
        WHERE workspace_id = %(workspace)s AND sealed_at < %(begins)s - interval '1 hour'), 0) AS above_no
    FROM account),
of_days AS NOT MATERIALIZED (
    SELECT e.*, {sums.DAY} AS day FROM billing_usage_event e, bounds
    WHERE e.workspace_id = %(workspace)s AND e.charge_no > above_no AND e.charge_no <= through_no
      AND {sums.DAY} = ANY (%(days)s::date[])),
requests AS (
    SELECT day, count(*) AS events, sha256(string_agg({EVENT_MARK}, ''::bytea ORDER BY e.id)) AS digest
    FROM of_days e GROUP BY day),
by_key AS (
    SELECT day, {", ".join(sums.DIMENSIONS)},
        {", ".join(f"{made} AS {name}" for name, made in sums.EVENT_MEASURES.items())},
        sum(greatest(0, cost - hold))::bigint AS excess
    FROM of_days GROUP BY day, {", ".join(sums.DIMENSIONS)}),
totals AS (SELECT day, {SUMS} AS sums, {DAILY_DIGEST} AS digest FROM by_key GROUP BY day),
entries AS (
    SELECT string_agg({ENTRY_MARK}, ''::bytea ORDER BY l.seq) AS marks
    FROM billing_ledger_entry l LEFT JOIN billing_ledger_transaction t
        ON t.id = l.transaction_id AND t.workspace_id = l.workspace_id
    WHERE l.workspace_id = %(workspace)s AND l.seq > (SELECT seq FROM before) AND l.seq <= (SELECT seq FROM account)),
kept_open AS (
    SELECT {sums.DAY} AS day FROM billing_usage_event u, account
    WHERE u.workspace_id = %(workspace)s AND u.charge_no > charged_no
    UNION SELECT {sums.DAY} FROM billing_admission WHERE workspace_id = %(workspace)s)
SELECT day, requests.events, totals.sums::text, requests.digest, totals.digest, through_no, account.seq, marks
FROM requests JOIN totals USING (day), account, bounds, entries
WHERE day NOT IN (SELECT day FROM kept_open)
AND requests.events > coalesce((
    SELECT max(s.events) FROM billing_day_seal s WHERE s.workspace_id = %(workspace)s AND s.day = requests.day), 0)
ORDER BY day
"""

_WRITE = f"""
WITH before AS (
    SELECT no, seal, ledger_digest FROM billing_day_seal WHERE workspace_id = %(workspace)s ORDER BY no DESC LIMIT 1),
sealed AS (
    SELECT {FORM}::smallint AS form, %(workspace)s::bigint AS workspace_id, coalesce((SELECT no FROM before), 0) + 1 AS no,
        %(day)s::date AS day, (
            SELECT count(*) FROM billing_day_seal s WHERE s.workspace_id = %(workspace)s AND s.day = %(day)s
        )::smallint AS revision,
        %(through)s::bigint AS through_no, %(events)s::bigint AS events, %(sums)s::jsonb AS sums,
        %(digest)s::bytea AS events_digest, %(days_digest)s::bytea AS days_digest, %(seq)s::bigint AS ledger_seq,
        sha256(coalesce((SELECT ledger_digest FROM before), ''::bytea) || coalesce(%(marks)s::bytea, ''::bytea))
            AS ledger_digest)
INSERT INTO billing_day_seal (workspace_id, no, form, day, revision, through_no, events, sums, events_digest,
    days_digest, ledger_seq, ledger_digest, seal)
SELECT workspace_id, no, form, day, revision, through_no, events, sums, events_digest, days_digest, ledger_seq,
    ledger_digest, {SEAL_MARK.format(before="coalesce((SELECT seal FROM before), ''::bytea)", s="sealed")}
FROM sealed
"""

_IS_SEALED = f"""
SELECT EXISTS (SELECT FROM billing_day_seal WHERE workspace_id = %(workspace)s AND day = %(day)s) OR NOT (
    EXISTS (SELECT FROM billing_daily_usage WHERE workspace_id = %(workspace)s AND day = %(day)s)
    OR EXISTS (
        SELECT FROM billing_account a JOIN billing_usage_event u
            ON u.workspace_id = a.workspace_id AND u.charge_no > a.charged_no
        WHERE a.workspace_id = %(workspace)s AND u.minute_no >= %(first)s
          AND u.minute_no < %(first)s + {clock.MINUTES_PER_DAY})
    OR EXISTS (
        SELECT FROM billing_admission WHERE workspace_id = %(workspace)s AND minute_no >= %(first)s
          AND minute_no < %(first)s + {clock.MINUTES_PER_DAY}))
"""


def due(now: datetime) -> dict[int, list[date]]:
    """Return the days to seal by workspace, the oldest first: without a seal, or with corrections since the last one."""
    with connection.cursor() as cursor:
        cursor.execute(f"{_DUE} ORDER BY 2, 1", {"last": _last(now)})
        found: dict[int, list[date]] = {}
        for workspace, day in cursor.fetchall():
            found.setdefault(workspace, []).append(day)
        return found


def seal(workspace_id: int, days: Sequence[date]) -> int:
    """Seal these days of a workspace in one commit, as far as nothing of them is open or unposted; return how many.

    Where something lies unposted it is posted first. A day that has a seal gets a further revision of it: the earlier ones stay true
    for what they cover, the events up to their charge number. Raises ValueError for a day that is not over for two days.
    """
    if not days:
        return 0
    if max(days) > _last(clock.now()):
        raise ValueError(f"{max(days)} is not over for {SEALED_AFTER} days")
    left = _seal(workspace_id, days)
    if left and rollup.close(workspace_id):
        rollup.post(workspace_id, actor="seal")
        left = _seal(workspace_id, left)
    if left:
        log.warning("days not sealed", workspace_id=workspace_id, days=[str(day) for day in left])
    return len(days) - len(left)


def _seal(workspace_id: int, days: Sequence[date]) -> list[date]:
    with transaction.atomic(), connection.cursor() as cursor:
        # Two sealers of a workspace would make seals of the same number; the second finds the days sealed.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('billing.seal', %s))", [workspace_id])
        cursor.execute("SET LOCAL work_mem = '64MB'")
        begins = clock.start_of_minute(sums.first_minute(min(days)))
        failpoint("seal.locked")
        cursor.execute(_READ, {"workspace": workspace_id, "days": list(days), "begins": begins})
        found = cursor.fetchall()
        failpoint("seal.read")
        for place, row in enumerate(found):
            # The first seal takes in all that the ledger has grown since the one before; to the others it is the same.
            cursor.execute(_WRITE, _seal_values(workspace_id, row, with_entries=place == 0))
            failpoint("seal.written")
        done = {row[0] for row in found}
    failpoint("seal.committed")
    return [day for day in days if day not in done]


def _seal_values(workspace_id: int, row: Sequence[Any], *, with_entries: bool) -> dict[str, Any]:
    day, events, totals, digest, days_digest, through, seq, marks = row
    return {
        "workspace": workspace_id,
        "day": day,
        "events": events,
        "sums": totals,
        "digest": digest,
        "days_digest": days_digest,
        "through": through,
        "seq": seq,
        "marks": marks if with_entries else None,
    }


def is_sealed(workspace_id: int, day: date) -> bool:
    """Tell whether nothing of a UTC day can change any more but by corrections: it is sealed, or had no usage at all.

    False until the second day after it.
    """
    if day > _last(clock.now()):
        return False
    with connection.cursor() as cursor:
        cursor.execute(_IS_SEALED, _of_day(workspace_id, day))
        [sealed] = cursor.fetchone() or (False,)
        return bool(sealed)


def verify(workspace_id: int, day: date) -> tuple[Finding, ...]:
    """Compute the seals of a workspace from a day on anew; return what differs on that day, nothing if it holds."""
    with connection.cursor() as cursor:
        scope = Scope(workspace_id, since=day, complete_from=retained.complete_from(cursor))
        found = [check(cursor, rule, scope) for rule in SEALED]
        return tuple(row for outcome in found for row in outcome.findings if row.day == day)


def _last(now: datetime) -> date:
    return clock.utc_day(now) - timedelta(days=SEALED_AFTER)


def _of_day(workspace_id: int, day: date) -> dict[str, Any]:
    return {"workspace": workspace_id, "day": day, "first": sums.first_minute(day)}
