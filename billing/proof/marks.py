"""What a seal is made of: the canonical form of an event, of a day's sums, of a ledger entry and of the seal itself, in SQL.

Forms hold no floats, no local times and no unquoted text, so they do not depend on a session's settings. A form never
changes: what is sealed under it must make the same bytes for ever. A new one gets a number of its own.
"""

from billing import sums

__all__ = [
    "DAILY_DIGEST",
    "ENTRY_MARK",
    "EVENT_MARK",
    "FORM",
    "LAST_SEALS",
    "SEAL_MARK",
    "SUMS",
]

FORM = 1


def _micros(column: str) -> str:
    return f"(extract(epoch FROM {column}) * 1000000)::bigint"


def _mark(*columns: str) -> str:
    # Written as a row, text is quoted and null is not an empty text.
    return f"sha256(convert_to(row({', '.join(columns)})::text, 'UTF8'))"


EVENT_MARK = _mark(
    *("e.id", "e.request_id", "e.rev", "e.workspace_id", "e.api_key_id", "e.charge_no", "e.minute_no"),
    *("e.weight", "e.model_id", "e.chain_id", "e.provider_id", "e.endpoint_id", "e.upstream_model"),
    *("e.attempts", "e.stream", "e.status", "e.http_status", "e.error_code", "e.finish_reason"),
    *("e.usage_source", "e.suspect"),
    *(f"e.{name}" for name in sums.COUNTS),
    *("e.price_version_id", "e.multipliers", "e.cost", "e.provider_cost", "e.hold", "e.ttfb_ms"),
    *("e.latency_ms", "e.tag", _micros("e.admitted_at"), _micros("e.recorded_at")),
)
"""The digest (32 bytes) of event `e`."""

DAILY_DIGEST = (
    "sha256(convert_to(string_agg("
    f"row({', '.join((*sums.DIMENSIONS, *sums.MEASURES))})::text, E'\\n'"
    " ORDER BY api_key_id, model_id, provider_id, tag COLLATE \"C\"), 'UTF8'))"
)
"""The digest of a workspace's sums of one day: an aggregate over rows with the columns of a sum."""

SUMS = "jsonb_build_object({}, 'excess', coalesce(sum(excess), 0)::bigint)".format(
    ", ".join(f"'{name}', coalesce(sum({name}), 0)::bigint" for name in sums.MEASURES)
)
"""What a day came to, of sums by key, model, provider and tag; the excess is what requests cost above their holds."""

ENTRY_MARK = _mark(
    *("l.seq", "l.id", "l.amount", "l.balance_after", "t.id", "t.kind", "t.idem_key"),
    *("t.day - DATE '1970-01-01'", "t.charge_no", "t.reason", "t.actor", _micros("t.created_at")),
    """(SELECT string_agg(format('%%s %%s %%s', o.id, o.account, o.amount), ',' ORDER BY o.id)
        FROM billing_ledger_entry o WHERE o.transaction_id = l.transaction_id AND o.workspace_id = l.workspace_id
        AND o.account <> 'workspace')""",
)
"""The digest of entry `l` on a workspace's account, with its transaction `t` and the legs that offset it."""

SEAL_MARK = (
    "sha256({before} || convert_to(row({s}.form, {s}.workspace_id, {s}.no, {s}.day - DATE '1970-01-01', {s}.revision,"
    " {s}.through_no, {s}.events, {s}.sums::text, encode({s}.events_digest, 'hex'), encode({s}.days_digest, 'hex'),"
    " {s}.ledger_seq, encode({s}.ledger_digest, 'hex'))::text, 'UTF8'))"
)
"""The hash of seal {s}, which contains the hash {before} of the seal before it."""

LAST_SEALS = """(SELECT * FROM billing_day_seal o WHERE NOT EXISTS (
    SELECT FROM billing_day_seal n WHERE n.workspace_id = o.workspace_id AND n.day = o.day AND n.revision > o.revision))"""
"""The last revision of each day's seal."""
